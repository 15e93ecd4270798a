-- PostgreSQL: the phase of an entry is that of its target in the definition.
--
CREATE FUNCTION phase_is_of_the_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Lists go by the phase: an open state under the phase of an end would hide its case.
  IF NOT EXISTS (
    SELECT 1 FROM workflows w
    WHERE w.hash = NEW.workflow AND w.definition::json -> 'states' -> NEW.target ->> 'phase' = NEW.phase
  ) THEN
    RAISE EXCEPTION 'the phase of an entry is that of its state' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

ALTER FUNCTION phase_is_of_the_state() SECURITY DEFINER SET search_path = public, pg_temp

------

REVOKE EXECUTE ON FUNCTION phase_is_of_the_state() FROM PUBLIC

------

CREATE TRIGGER transitions_phase BEFORE INSERT ON transitions FOR EACH ROW EXECUTE FUNCTION phase_is_of_the_state()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_phase
