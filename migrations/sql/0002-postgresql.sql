-- PostgreSQL: a part goes to another workflow along a plan, and in no other way.
--
CREATE TRIGGER workflow_plans_no_update BEFORE UPDATE ON workflow_plans FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflow_plans ENABLE ALWAYS TRIGGER workflow_plans_no_update

------

CREATE TRIGGER workflow_plans_no_delete BEFORE DELETE ON workflow_plans FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflow_plans ENABLE ALWAYS TRIGGER workflow_plans_no_delete

------

CREATE TRIGGER workflow_plans_no_truncate BEFORE TRUNCATE ON workflow_plans FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflow_plans ENABLE ALWAYS TRIGGER workflow_plans_no_truncate

------

CREATE FUNCTION plan_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A plan leads from one workflow to another of its kind, whole, from states of the one to states of the other. Neither of
  -- them is a plan, and a plan has no other steps: no part could stay on it.
  IF (SELECT count(*) FROM workflows w
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
  OR EXISTS (SELECT 1 FROM workflow_plans p WHERE p.hash IN (NEW.from_workflow, NEW.to_workflow)) THEN
    RAISE EXCEPTION 'a plan leads from one workflow to another' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER workflow_plans_lead BEFORE INSERT ON workflow_plans FOR EACH ROW EXECUTE FUNCTION plan_leads()

------

ALTER TABLE workflow_plans ENABLE ALWAYS TRIGGER workflow_plans_lead

------

CREATE OR REPLACE FUNCTION transition_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A history row continues its part and its case, in order, on both clocks.
  -- The path and the edge are foreign keys as well; those can be switched off for a session, this cannot.
  IF NEW.facts_salt IS NULL OR (NEW.sequence = 1 AND NEW.part_id <> NEW.case_id)
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
      AND p.line IS NOT DISTINCT FROM NEW.line AND p.addressee_id IS NOT DISTINCT FROM NEW.addressee_id
      AND coalesce(p.sequence, 0) = NEW.part_sequence - 1
      AND coalesce(p.occurred_at, NEW.occurred_at) <= NEW.occurred_at
      AND c.sequence = NEW.sequence - 1
      AND coalesce(NEW.prev_sequence, 0) = NEW.sequence - 1
      AND coalesce(NEW.prev_part_sequence, 0) = NEW.part_sequence - 1
      AND coalesce(NEW.cause, 0) < NEW.sequence
      AND c.digest = coalesce(NEW.prev_digest, repeat('0', 64))
      AND c.recorded_at <= NEW.recorded_at
  ) THEN
    RAISE EXCEPTION 'this entry does not follow the history' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE OR REPLACE FUNCTION transition_moves_heads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The heads are moved here and nowhere else.
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
  RETURN NULL;
END
$$

------

CREATE OR REPLACE FUNCTION part_head_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A head is what the newest entry says.
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.team_id IS DISTINCT FROM OLD.team_id OR NEW.submitter_id IS DISTINCT FROM OLD.submitter_id OR NEW.line IS DISTINCT FROM OLD.line OR NEW.addressee_id IS DISTINCT FROM OLD.addressee_id OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.part_id = NEW.id AND t.part_sequence = NEW.sequence
      AND coalesce((SELECT w.to_workflow FROM workflow_plans w WHERE w.hash = t.workflow), t.workflow) = NEW.workflow
      AND t.target IS NOT DISTINCT FROM NEW.state
      AND t.phase IS NOT DISTINCT FROM NEW.phase
      AND t.occurred_at IS NOT DISTINCT FROM NEW.occurred_at
      AND t.party IS NOT DISTINCT FROM NEW.party
      AND t.party_id IS NOT DISTINCT FROM NEW.party_id
      AND t.assignee_id IS NOT DISTINCT FROM NEW.assignee_id
      AND coalesce(t.due_on, '9999-12-31') IS NOT DISTINCT FROM NEW.due_on
      AND NOT EXISTS (SELECT 1 FROM transitions u WHERE u.part_id = NEW.id AND u.part_sequence = NEW.sequence + 1)
  ) THEN
    RAISE EXCEPTION 'the head of a part follows its history' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$
