-- SQLite: a part goes to another workflow along a plan, and in no other way.
--
CREATE TRIGGER workflow_plans_no_update BEFORE UPDATE ON workflow_plans
BEGIN SELECT RAISE(ABORT, 'workflow_plans is append-only'); END

------

CREATE TRIGGER workflow_plans_no_delete BEFORE DELETE ON workflow_plans
BEGIN SELECT RAISE(ABORT, 'workflow_plans is append-only'); END

------

CREATE TRIGGER workflow_plans_no_replace BEFORE INSERT ON workflow_plans
WHEN EXISTS (SELECT 1 FROM workflow_plans WHERE hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'workflow_plans is append-only'); END

------

-- A plan leads from one workflow to another of its kind, whole, from states of the one to states of the other. Neither of
-- them is a plan, and a plan has no other steps: no part could stay on it.
CREATE TRIGGER workflow_plans_lead BEFORE INSERT ON workflow_plans
WHEN (SELECT count(*) FROM workflows w
    WHERE w.hash IN (NEW.hash, NEW.from_workflow, NEW.to_workflow) AND w.name = NEW.kind) <> 3
OR (SELECT w.edges FROM workflows w WHERE w.hash = NEW.hash)
    <> (SELECT count(*) FROM workflow_edges e WHERE e.workflow = NEW.hash)
OR EXISTS (
    SELECT 1 FROM workflow_edges e WHERE e.workflow = NEW.hash AND (
      e.trigger_name <> 'adopt_workflow'
      OR NOT EXISTS (SELECT 1 FROM workflow_edges f WHERE f.workflow = NEW.from_workflow AND f.target = e.source)
      OR NOT EXISTS (SELECT 1 FROM workflow_edges t WHERE t.workflow = NEW.to_workflow AND t.target = e.target)
    )
)
OR EXISTS (SELECT 1 FROM workflow_plans p WHERE p.hash IN (NEW.from_workflow, NEW.to_workflow))
BEGIN SELECT RAISE(ABORT, 'a plan leads from one workflow to another'); END

------

-- A history row continues its part and its case, in order, on both clocks.
CREATE TRIGGER transitions_follow BEFORE INSERT ON transitions
-- A time is a whole number: to SQLite any text is later than every number. The path and the edge are foreign keys as
-- well; those can be switched off for a connection, this cannot.
WHEN NEW.facts_salt IS NULL OR typeof(NEW.occurred_at) <> 'integer' OR typeof(NEW.recorded_at) <> 'integer'
OR (NEW.sequence = 1 AND NEW.part_id <> NEW.case_id)
OR NOT EXISTS (
    SELECT 1 FROM workflow_edges e
    WHERE e.workflow = NEW.workflow AND e.trigger_name = NEW.trigger_name
      AND e.source = NEW.source AND e.target = NEW.target
)
OR NOT EXISTS (
    SELECT 1 FROM parts p JOIN cases c ON c.id = p.case_id
    WHERE p.id = NEW.part_id AND c.id = NEW.case_id
      AND p.kind = NEW.part_kind
      -- By the workflow of the part, or by a plan that leads away from it.
      AND (p.workflow = NEW.workflow OR EXISTS (
        SELECT 1 FROM workflow_plans w WHERE w.hash = NEW.workflow AND w.from_workflow = p.workflow
      ))
      AND coalesce(p.state, 'start') = NEW.source
      AND p.line IS NEW.line AND p.addressee_id IS NEW.addressee_id
      AND coalesce(p.sequence, 0) = NEW.part_sequence - 1
      AND coalesce(p.occurred_at, NEW.occurred_at) <= NEW.occurred_at
      AND c.sequence = NEW.sequence - 1
      AND coalesce(NEW.prev_sequence, 0) = NEW.sequence - 1
      AND coalesce(NEW.prev_part_sequence, 0) = NEW.part_sequence - 1
      AND coalesce(NEW.cause, 0) < NEW.sequence
      AND c.digest = coalesce(NEW.prev_digest, printf('%064d', 0))
      AND c.recorded_at <= NEW.recorded_at
)
BEGIN SELECT RAISE(ABORT, 'this entry does not follow the history'); END

------

-- The heads are moved here and nowhere else.
CREATE TRIGGER transitions_move_heads AFTER INSERT ON transitions
BEGIN
  UPDATE parts SET
    workflow = coalesce((SELECT w.to_workflow FROM workflow_plans w WHERE w.hash = NEW.workflow), NEW.workflow),
    sequence = NEW.part_sequence,
    state = NEW.target,
    phase = NEW.phase,
    occurred_at = NEW.occurred_at,
    party = NEW.party,
    party_id = NEW.party_id,
    assignee_id = NEW.assignee_id,
    due_on = coalesce(NEW.due_on, '9999-12-31')
  WHERE id = NEW.part_id;
  UPDATE cases SET sequence = NEW.sequence, digest = NEW.digest, recorded_at = NEW.recorded_at, region = NEW.region
  WHERE id = NEW.case_id;
END

------

-- A head is what the newest entry says.
CREATE TRIGGER parts_head BEFORE UPDATE ON parts
WHEN NEW.id IS NOT OLD.id OR NEW.case_id IS NOT OLD.case_id OR NEW.kind IS NOT OLD.kind OR NEW.team_id IS NOT OLD.team_id OR NEW.submitter_id IS NOT OLD.submitter_id OR NEW.line IS NOT OLD.line OR NEW.addressee_id IS NOT OLD.addressee_id OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.part_id = NEW.id AND t.part_sequence = NEW.sequence
      AND coalesce((SELECT w.to_workflow FROM workflow_plans w WHERE w.hash = t.workflow), t.workflow) IS NEW.workflow
      AND t.target IS NEW.state
      AND t.phase IS NEW.phase
      AND t.occurred_at IS NEW.occurred_at
      AND t.party IS NEW.party
      AND t.party_id IS NEW.party_id
      AND t.assignee_id IS NEW.assignee_id
      AND coalesce(t.due_on, '9999-12-31') IS NEW.due_on
      AND NOT EXISTS (SELECT 1 FROM transitions u WHERE u.part_id = NEW.id AND u.part_sequence = NEW.sequence + 1)
)
BEGIN SELECT RAISE(ABORT, 'the head of a part follows its history'); END
