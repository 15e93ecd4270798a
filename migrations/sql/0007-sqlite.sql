-- SQLite: a case is emptied by the row that says it was destroyed, whole, once, and in no other way.
--
DROP TRIGGER transitions_no_update

------

DROP TRIGGER contents_no_update

------

DROP TRIGGER parts_head

------

DROP TRIGGER cases_head

------

-- Two people in two capacities agreed, nobody took it back, nothing holds it, and it is of the case as it stands. A
-- database that came back may know less of the case than the certificate.
CREATE TRIGGER destructions_lead BEFORE INSERT ON destructions
WHEN NOT EXISTS (
    SELECT 1 FROM destruction_proposals p
    WHERE p.id = NEW.proposal_id AND p.case_id = NEW.case_id AND p.ground = NEW.ground
      AND NOT EXISTS (SELECT 1 FROM destruction_withdrawals w WHERE w.proposal_id = p.id)
)
OR (SELECT count(DISTINCT s.person_id) FROM destruction_signatures s
    WHERE s.proposal_id = NEW.proposal_id AND s.capacity IN ('team', 'data_protection')) <> 2
OR (SELECT count(DISTINCT s.capacity) FROM destruction_signatures s WHERE s.proposal_id = NEW.proposal_id) <> 2
OR EXISTS (
    SELECT 1 FROM legal_holds h
    WHERE h.case_id = NEW.case_id AND coalesce(h.until, '9999-12-31') >= NEW.day
      AND NOT EXISTS (SELECT 1 FROM legal_hold_endings e WHERE e.hold_id = h.id)
)
OR NOT EXISTS (
    SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.sequence > 0 AND (
      c.sequence = NEW.entries AND c.digest = NEW.head OR NEW.replayed_at IS NOT NULL AND c.sequence < NEW.entries
    )
)
BEGIN SELECT RAISE(ABORT, 'a destruction is agreed to by two people and held up by nothing'); END

------

-- Numbers and digests stay, and who may hear of it: the rest of the case goes.
CREATE TRIGGER destructions_empty AFTER INSERT ON destructions
BEGIN
  UPDATE contents SET content_class = 'destroyed', form = NULL, salt = NULL, nonce = NULL, ciphertext = NULL
  WHERE case_id = NEW.case_id;
  UPDATE transitions SET
    part_kind = 'case', facts_salt = NULL, workflow = NULL, settings = NULL, trigger_name = NULL, source = NULL,
    target = NULL, phase = NULL, region = NULL, occurred_at = NULL, recorded_at = NULL, actor_id = NULL, role = NULL,
    organisation_id = NULL, party = NULL, party_id = NULL, assignee_id = NULL, due_on = NULL, line = NULL,
    addressee_id = NULL, cause = NULL, form = NULL, codes = NULL, age_band = NULL
  WHERE case_id = NEW.case_id;
  UPDATE parts SET
    kind = 'case', workflow = (SELECT m.workflow FROM parts m WHERE m.id = NEW.case_id), line = NULL,
    addressee_id = NULL, sequence = NULL, state = NULL, phase = NULL, occurred_at = NULL, party = NULL,
    party_id = NULL, assignee_id = NULL, due_on = NULL
  WHERE case_id = NEW.case_id;
  UPDATE cases SET submitted_at = 0, recorded_at = 0 WHERE id = NEW.case_id;
  UPDATE outbox SET type = 'destroyed', published_at = coalesce(published_at, NEW.destroyed_at)
  WHERE case_id = NEW.case_id;
  DELETE FROM deliveries WHERE case_id = NEW.case_id AND state <> 'delivered';
  UPDATE legal_holds SET reason = NULL, reason_text = NULL WHERE case_id = NEW.case_id;
  UPDATE destruction_withdrawals SET reason = NULL, reason_text = NULL
  WHERE proposal_id IN (SELECT p.id FROM destruction_proposals p WHERE p.case_id = NEW.case_id);
END

------

-- The only update of the history: all of an entry, once, beside a destruction.
CREATE TRIGGER transitions_no_update BEFORE UPDATE ON transitions
WHEN OLD.facts_salt IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
OR NEW.case_id IS NOT OLD.case_id OR NEW.sequence IS NOT OLD.sequence OR NEW.prev_sequence IS NOT OLD.prev_sequence OR NEW.part_id IS NOT OLD.part_id OR NEW.part_sequence IS NOT OLD.part_sequence OR NEW.prev_part_sequence IS NOT OLD.prev_part_sequence OR NEW.prev_digest IS NOT OLD.prev_digest OR NEW.digest IS NOT OLD.digest OR NEW.facts_digest IS NOT OLD.facts_digest OR NEW.content_digest IS NOT OLD.content_digest
OR NEW.part_kind <> 'case'
OR coalesce(
  NEW.facts_salt, NEW.workflow, NEW.settings, NEW.trigger_name, NEW.source, NEW.target, NEW.phase, NEW.region,
  NEW.occurred_at, NEW.recorded_at, NEW.actor_id, NEW.role, NEW.organisation_id, NEW.party, NEW.party_id,
  NEW.assignee_id, NEW.due_on, NEW.line, NEW.addressee_id, NEW.cause, NEW.form, NEW.codes, NEW.age_band
) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'transitions is append-only'); END

------

CREATE TRIGGER contents_no_update BEFORE UPDATE ON contents
WHEN OLD.ciphertext IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
OR NEW.case_id IS NOT OLD.case_id OR NEW.sequence IS NOT OLD.sequence OR NEW.content_class <> 'destroyed'
OR coalesce(NEW.form, NEW.salt, NEW.nonce, NEW.ciphertext) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'contents is append-only'); END

------

CREATE TRIGGER legal_holds_no_update BEFORE UPDATE ON legal_holds
WHEN OLD.reason IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
OR NEW.id IS NOT OLD.id OR NEW.case_id IS NOT OLD.case_id OR NEW.until IS NOT OLD.until OR NEW.recorded_at IS NOT OLD.recorded_at OR NEW.actor_id IS NOT OLD.actor_id OR NEW.organisation_id IS NOT OLD.organisation_id
OR coalesce(NEW.reason, NEW.reason_text) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'legal_holds is append-only'); END

------

CREATE TRIGGER destruction_withdrawals_no_update BEFORE UPDATE ON destruction_withdrawals
WHEN OLD.reason IS NULL OR NOT EXISTS (
    SELECT 1 FROM destructions d JOIN destruction_proposals p ON p.case_id = d.case_id WHERE p.id = OLD.proposal_id
)
OR NEW.proposal_id IS NOT OLD.proposal_id OR NEW.recorded_at IS NOT OLD.recorded_at OR NEW.actor_id IS NOT OLD.actor_id OR NEW.organisation_id IS NOT OLD.organisation_id
OR coalesce(NEW.reason, NEW.reason_text) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'destruction_withdrawals is append-only'); END

------

-- A head is what the newest entry says, or nothing once the case is destroyed.
CREATE TRIGGER parts_head BEFORE UPDATE ON parts
WHEN NEW.id IS NOT OLD.id OR NEW.case_id IS NOT OLD.case_id OR NEW.team_id IS NOT OLD.team_id OR NEW.submitter_id IS NOT OLD.submitter_id
OR NOT CASE WHEN NEW.state IS NULL THEN
    OLD.state IS NOT NULL AND EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
    AND NEW.kind = 'case' AND NEW.workflow IS (SELECT m.workflow FROM parts m WHERE m.id = OLD.case_id)
    AND coalesce(
      NEW.line, NEW.addressee_id, NEW.sequence, NEW.phase, NEW.occurred_at, NEW.party, NEW.party_id, NEW.assignee_id,
      NEW.due_on
    ) IS NULL
ELSE
    NEW.kind IS OLD.kind AND NEW.line IS OLD.line AND NEW.addressee_id IS OLD.addressee_id AND EXISTS (
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
END
BEGIN SELECT RAISE(ABORT, 'the head of a part follows its history'); END

------

CREATE TRIGGER cases_head BEFORE UPDATE ON cases
WHEN NEW.id IS NOT OLD.id OR NEW.number IS NOT OLD.number OR NEW.team_id IS NOT OLD.team_id OR NEW.submitter_id IS NOT OLD.submitter_id
OR NOT CASE WHEN NEW.recorded_at = 0 THEN
    OLD.recorded_at <> 0 AND EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.id)
    AND NEW.submitted_at = 0 AND NEW.sequence = OLD.sequence AND NEW.digest = OLD.digest AND NEW.region = OLD.region
ELSE
    NEW.submitted_at IS OLD.submitted_at AND EXISTS (
      SELECT 1 FROM transitions t
      WHERE t.case_id = NEW.id AND t.sequence = NEW.sequence AND t.digest = NEW.digest
        AND t.recorded_at = NEW.recorded_at AND t.region = NEW.region
        AND NOT EXISTS (SELECT 1 FROM transitions u WHERE u.case_id = NEW.id AND u.sequence = NEW.sequence + 1)
    )
END
BEGIN SELECT RAISE(ABORT, 'the head of a case follows its history'); END

------

-- Nothing begins and nothing happens any more in a case that was destroyed.
CREATE TRIGGER transitions_end BEFORE INSERT ON transitions
WHEN EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = NEW.case_id)
BEGIN SELECT RAISE(ABORT, 'the case was destroyed'); END

------

CREATE TRIGGER parts_end BEFORE INSERT ON parts
WHEN EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = NEW.case_id)
BEGIN SELECT RAISE(ABORT, 'the case was destroyed'); END

------

CREATE TRIGGER contents_end BEFORE INSERT ON contents
WHEN EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = NEW.case_id)
BEGIN SELECT RAISE(ABORT, 'the case was destroyed'); END
