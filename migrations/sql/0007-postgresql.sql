-- PostgreSQL: a case is emptied by the row that says it was destroyed, whole, once, and in no other way.
--
CREATE FUNCTION destruction_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Two people in two capacities agreed, nobody took it back, nothing holds it, and it is of the case as it stands. A
  -- database that came back may know less of the case than the certificate.
  IF NOT EXISTS (
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
  ) THEN
    RAISE EXCEPTION 'a destruction is agreed to by two people and held up by nothing'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER destructions_lead BEFORE INSERT ON destructions FOR EACH ROW EXECUTE FUNCTION destruction_leads()

------

ALTER TABLE destructions ENABLE ALWAYS TRIGGER destructions_lead

------

CREATE FUNCTION destruction_empties() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Numbers and digests stay, and who may hear of it: the rest of the case goes. Done as the owner of the tables, so
  -- that nobody else needs to be allowed any update of a history.
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
  RETURN NULL;
END
$$

------

CREATE TRIGGER destructions_empty AFTER INSERT ON destructions FOR EACH ROW EXECUTE FUNCTION destruction_empties()

------

ALTER TABLE destructions ENABLE ALWAYS TRIGGER destructions_empty

------

CREATE FUNCTION entry_is_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The only update of the history: all of an entry, once, beside a destruction.
  IF OLD.facts_salt IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
  OR NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.sequence IS DISTINCT FROM OLD.sequence OR NEW.prev_sequence IS DISTINCT FROM OLD.prev_sequence OR NEW.part_id IS DISTINCT FROM OLD.part_id OR NEW.part_sequence IS DISTINCT FROM OLD.part_sequence OR NEW.prev_part_sequence IS DISTINCT FROM OLD.prev_part_sequence OR NEW.prev_digest IS DISTINCT FROM OLD.prev_digest OR NEW.digest IS DISTINCT FROM OLD.digest OR NEW.facts_digest IS DISTINCT FROM OLD.facts_digest OR NEW.content_digest IS DISTINCT FROM OLD.content_digest
  OR NEW.part_kind <> 'case'
  OR num_nonnulls(
    NEW.facts_salt, NEW.workflow, NEW.settings, NEW.trigger_name, NEW.source, NEW.target, NEW.phase, NEW.region,
    NEW.occurred_at, NEW.recorded_at, NEW.actor_id, NEW.role, NEW.organisation_id, NEW.party, NEW.party_id,
    NEW.assignee_id, NEW.due_on, NEW.line, NEW.addressee_id, NEW.cause, NEW.form, NEW.codes, NEW.age_band
  ) > 0 THEN
    RAISE EXCEPTION 'transitions is append-only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

DROP TRIGGER transitions_no_update ON transitions

------

CREATE TRIGGER transitions_no_update BEFORE UPDATE ON transitions FOR EACH ROW EXECUTE FUNCTION entry_is_emptied()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_no_update

------

CREATE FUNCTION content_is_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ciphertext IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
  OR NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.sequence IS DISTINCT FROM OLD.sequence
  OR NEW.content_class <> 'destroyed' OR num_nonnulls(NEW.form, NEW.salt, NEW.nonce, NEW.ciphertext) > 0 THEN
    RAISE EXCEPTION 'contents is append-only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

DROP TRIGGER contents_no_update ON contents

------

CREATE TRIGGER contents_no_update BEFORE UPDATE ON contents FOR EACH ROW EXECUTE FUNCTION content_is_emptied()

------

ALTER TABLE contents ENABLE ALWAYS TRIGGER contents_no_update

------

CREATE FUNCTION hold_is_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.reason IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
  OR NEW.id IS DISTINCT FROM OLD.id OR NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.until IS DISTINCT FROM OLD.until OR NEW.recorded_at IS DISTINCT FROM OLD.recorded_at OR NEW.actor_id IS DISTINCT FROM OLD.actor_id OR NEW.organisation_id IS DISTINCT FROM OLD.organisation_id
  OR num_nonnulls(NEW.reason, NEW.reason_text) > 0 THEN
    RAISE EXCEPTION 'legal_holds is append-only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER legal_holds_no_update BEFORE UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION hold_is_emptied()

------

ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER legal_holds_no_update

------

CREATE FUNCTION withdrawal_is_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.reason IS NULL OR NOT EXISTS (
    SELECT 1 FROM destructions d JOIN destruction_proposals p ON p.case_id = d.case_id WHERE p.id = OLD.proposal_id
  )
  OR NEW.proposal_id IS DISTINCT FROM OLD.proposal_id OR NEW.recorded_at IS DISTINCT FROM OLD.recorded_at OR NEW.actor_id IS DISTINCT FROM OLD.actor_id OR NEW.organisation_id IS DISTINCT FROM OLD.organisation_id
  OR num_nonnulls(NEW.reason, NEW.reason_text) > 0 THEN
    RAISE EXCEPTION 'destruction_withdrawals is append-only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER destruction_withdrawals_no_update BEFORE UPDATE ON destruction_withdrawals FOR EACH ROW EXECUTE FUNCTION withdrawal_is_emptied()

------

ALTER TABLE destruction_withdrawals ENABLE ALWAYS TRIGGER destruction_withdrawals_no_update

------

CREATE OR REPLACE FUNCTION part_head_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A head is what the newest entry says, or nothing once the case is destroyed.
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.team_id IS DISTINCT FROM OLD.team_id OR NEW.submitter_id IS DISTINCT FROM OLD.submitter_id
  OR NOT (CASE WHEN NEW.state IS NULL THEN
    OLD.state IS NOT NULL AND EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
    AND NEW.kind = 'case' AND NEW.workflow = (SELECT m.workflow FROM parts m WHERE m.id = OLD.case_id)
    AND num_nonnulls(
      NEW.line, NEW.addressee_id, NEW.sequence, NEW.phase, NEW.occurred_at, NEW.party, NEW.party_id, NEW.assignee_id,
      NEW.due_on
    ) = 0
  ELSE
    NEW.kind = OLD.kind AND NEW.line IS NOT DISTINCT FROM OLD.line
    AND NEW.addressee_id IS NOT DISTINCT FROM OLD.addressee_id AND EXISTS (
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
    )
  END) THEN
    RAISE EXCEPTION 'the head of a part follows its history' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE OR REPLACE FUNCTION case_head_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.number IS DISTINCT FROM OLD.number OR NEW.team_id IS DISTINCT FROM OLD.team_id OR NEW.submitter_id IS DISTINCT FROM OLD.submitter_id
  OR NOT (CASE WHEN NEW.recorded_at = 0 THEN
    OLD.recorded_at <> 0 AND EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.id)
    AND NEW.submitted_at = 0 AND NEW.sequence = OLD.sequence AND NEW.digest = OLD.digest AND NEW.region = OLD.region
  ELSE
    NEW.submitted_at IS NOT DISTINCT FROM OLD.submitted_at AND EXISTS (
      SELECT 1 FROM transitions t
      WHERE t.case_id = NEW.id AND t.sequence = NEW.sequence AND t.digest = NEW.digest
        AND t.recorded_at = NEW.recorded_at AND t.region = NEW.region
        AND NOT EXISTS (SELECT 1 FROM transitions u WHERE u.case_id = NEW.id AND u.sequence = NEW.sequence + 1)
    )
  END) THEN
    RAISE EXCEPTION 'the head of a case follows its history' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE FUNCTION case_was_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Nothing begins and nothing happens any more in a case that was destroyed.
  IF EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = NEW.case_id) THEN
    RAISE EXCEPTION 'the case was destroyed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER transitions_end BEFORE INSERT ON transitions FOR EACH ROW EXECUTE FUNCTION case_was_destroyed()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_end

------

CREATE TRIGGER parts_end BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION case_was_destroyed()

------

ALTER TABLE parts ENABLE ALWAYS TRIGGER parts_end

------

CREATE TRIGGER contents_end BEFORE INSERT ON contents FOR EACH ROW EXECUTE FUNCTION case_was_destroyed()

------

ALTER TABLE contents ENABLE ALWAYS TRIGGER contents_end
