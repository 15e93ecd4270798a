-- PostgreSQL: the content of one entry is emptied by the row that says so, once, and in no other way.
--
CREATE FUNCTION content_destruction_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Two people agreed in the history, one for the team and its officer, nothing holds the case, and the entry is the
  -- one that they named. A database that came back may not know of their agreement.
  IF NOT EXISTS (
    SELECT 1 FROM contents c JOIN transitions t ON t.case_id = c.case_id AND t.sequence = c.sequence
    WHERE c.case_id = NEW.case_id AND c.sequence = NEW.sequence AND c.ciphertext IS NOT NULL AND t.digest = NEW.digest
  )
  OR NEW.replayed_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM transitions p
    JOIN transitions s ON s.part_id = p.part_id AND s.case_id = p.case_id
    JOIN transitions t ON t.case_id = p.case_id AND t.sequence = NEW.sequence
    WHERE p.case_id = NEW.case_id AND p.part_id = NEW.part_id
      AND p.part_kind = 'entry_destruction' AND p.part_sequence = 1
      AND p.codes::jsonb -> 'destroys' ->> 0 = t.part_sequence::text
      AND p.codes::jsonb -> 'destroys_part' ->> 0 = t.part_id
      AND s.target = 'destroyed' AND s.role = 'data_protection_officer' AND s.actor_id <> p.actor_id
  )
  OR NEW.replayed_at IS NULL AND EXISTS (
    SELECT 1 FROM legal_holds h
    WHERE h.case_id = NEW.case_id AND coalesce(h.until, '9999-12-31') >= NEW.day
      AND NOT EXISTS (SELECT 1 FROM legal_hold_endings e WHERE e.hold_id = h.id)
  ) THEN
    RAISE EXCEPTION 'a destruction is agreed to by two people and held up by nothing'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER content_destructions_lead BEFORE INSERT ON content_destructions FOR EACH ROW EXECUTE FUNCTION content_destruction_leads()

------

ALTER TABLE content_destructions ENABLE ALWAYS TRIGGER content_destructions_lead

------

CREATE FUNCTION content_destruction_empties() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Done as the owner of the tables, so that nobody else needs to be allowed any update of a content.
  UPDATE contents SET content_class = 'destroyed', form = NULL, salt = NULL, nonce = NULL, ciphertext = NULL
  WHERE case_id = NEW.case_id AND sequence = NEW.sequence;
  RETURN NULL;
END
$$

------

REVOKE EXECUTE ON FUNCTION content_destruction_empties() FROM PUBLIC

------

CREATE TRIGGER content_destructions_empty AFTER INSERT ON content_destructions FOR EACH ROW EXECUTE FUNCTION content_destruction_empties()

------

ALTER TABLE content_destructions ENABLE ALWAYS TRIGGER content_destructions_empty

------

CREATE OR REPLACE FUNCTION content_is_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The row of a destroyed content may be emptied again, with its whole case: that changes nothing.
  IF NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
    AND NOT EXISTS (SELECT 1 FROM content_destructions d WHERE d.case_id = OLD.case_id AND d.sequence = OLD.sequence)
  OR NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.sequence IS DISTINCT FROM OLD.sequence
  OR NEW.content_class <> 'destroyed' OR num_nonnulls(NEW.form, NEW.salt, NEW.nonce, NEW.ciphertext) > 0 THEN
    RAISE EXCEPTION 'contents is append-only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER content_destructions_no_update BEFORE update ON content_destructions FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE content_destructions ENABLE ALWAYS TRIGGER content_destructions_no_update

------

CREATE TRIGGER content_destructions_no_delete BEFORE delete ON content_destructions FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE content_destructions ENABLE ALWAYS TRIGGER content_destructions_no_delete

------

CREATE TRIGGER content_destructions_no_truncate BEFORE truncate ON content_destructions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE content_destructions ENABLE ALWAYS TRIGGER content_destructions_no_truncate

------

ALTER FUNCTION content_destruction_leads() SECURITY DEFINER SET search_path = public, pg_temp

------

REVOKE EXECUTE ON FUNCTION content_destruction_leads() FROM PUBLIC

------

ALTER FUNCTION content_is_emptied() SECURITY DEFINER SET search_path = public, pg_temp

------

REVOKE EXECUTE ON FUNCTION content_is_emptied() FROM PUBLIC

------

ALTER TABLE content_destructions ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON content_destructions USING (
  (SELECT told_everything())
  OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = content_destructions.case_id)
)
