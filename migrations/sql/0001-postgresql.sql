-- PostgreSQL: the database as the last referee of every history. Statements are divided by lines of dashes.
--
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING
    MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'integrity_constraint_violation';
END
$$

------

CREATE TRIGGER transitions_no_update BEFORE UPDATE ON transitions FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_no_update

------

CREATE TRIGGER contents_no_update BEFORE UPDATE ON contents FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE contents ENABLE ALWAYS TRIGGER contents_no_update

------

CREATE TRIGGER requests_no_update BEFORE UPDATE ON requests FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE requests ENABLE ALWAYS TRIGGER requests_no_update

------

CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE access_log ENABLE ALWAYS TRIGGER access_log_no_update

------

CREATE TRIGGER workflows_no_update BEFORE UPDATE ON workflows FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflows ENABLE ALWAYS TRIGGER workflows_no_update

------

CREATE TRIGGER workflow_edges_no_update BEFORE UPDATE ON workflow_edges FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflow_edges ENABLE ALWAYS TRIGGER workflow_edges_no_update

------

CREATE TRIGGER region_settings_no_update BEFORE UPDATE ON region_settings FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE region_settings ENABLE ALWAYS TRIGGER region_settings_no_update

------

CREATE TRIGGER transitions_no_delete BEFORE DELETE ON transitions FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_no_delete

------

CREATE TRIGGER transitions_no_truncate BEFORE TRUNCATE ON transitions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_no_truncate

------

CREATE TRIGGER contents_no_delete BEFORE DELETE ON contents FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE contents ENABLE ALWAYS TRIGGER contents_no_delete

------

CREATE TRIGGER contents_no_truncate BEFORE TRUNCATE ON contents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE contents ENABLE ALWAYS TRIGGER contents_no_truncate

------

CREATE TRIGGER requests_no_delete BEFORE DELETE ON requests FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE requests ENABLE ALWAYS TRIGGER requests_no_delete

------

CREATE TRIGGER requests_no_truncate BEFORE TRUNCATE ON requests FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE requests ENABLE ALWAYS TRIGGER requests_no_truncate

------

CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE access_log ENABLE ALWAYS TRIGGER access_log_no_delete

------

CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE access_log ENABLE ALWAYS TRIGGER access_log_no_truncate

------

CREATE TRIGGER workflows_no_delete BEFORE DELETE ON workflows FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflows ENABLE ALWAYS TRIGGER workflows_no_delete

------

CREATE TRIGGER workflows_no_truncate BEFORE TRUNCATE ON workflows FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflows ENABLE ALWAYS TRIGGER workflows_no_truncate

------

CREATE TRIGGER workflow_edges_no_delete BEFORE DELETE ON workflow_edges FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflow_edges ENABLE ALWAYS TRIGGER workflow_edges_no_delete

------

CREATE TRIGGER workflow_edges_no_truncate BEFORE TRUNCATE ON workflow_edges FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE workflow_edges ENABLE ALWAYS TRIGGER workflow_edges_no_truncate

------

CREATE TRIGGER region_settings_no_delete BEFORE DELETE ON region_settings FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE region_settings ENABLE ALWAYS TRIGGER region_settings_no_delete

------

CREATE TRIGGER region_settings_no_truncate BEFORE TRUNCATE ON region_settings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE region_settings ENABLE ALWAYS TRIGGER region_settings_no_truncate

------

CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE cases ENABLE ALWAYS TRIGGER cases_no_delete

------

CREATE TRIGGER cases_no_truncate BEFORE TRUNCATE ON cases FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE cases ENABLE ALWAYS TRIGGER cases_no_truncate

------

CREATE TRIGGER parts_no_delete BEFORE DELETE ON parts FOR EACH ROW EXECUTE FUNCTION refuse_change()

------

ALTER TABLE parts ENABLE ALWAYS TRIGGER parts_no_delete

------

CREATE TRIGGER parts_no_truncate BEFORE TRUNCATE ON parts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

------

ALTER TABLE parts ENABLE ALWAYS TRIGGER parts_no_truncate

------

CREATE FUNCTION transition_follows() RETURNS trigger LANGUAGE plpgsql AS $$
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
      AND p.kind = NEW.part_kind AND p.workflow = NEW.workflow
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

CREATE TRIGGER transitions_follow BEFORE INSERT ON transitions FOR EACH ROW EXECUTE FUNCTION transition_follows()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_follow

------

CREATE FUNCTION transition_moves_heads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The heads are moved here and nowhere else.
  UPDATE parts SET
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

CREATE TRIGGER transitions_move_heads AFTER INSERT ON transitions FOR EACH ROW EXECUTE FUNCTION transition_moves_heads()

------

ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_move_heads

------

CREATE FUNCTION part_head_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A head is what the newest entry says.
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.team_id IS DISTINCT FROM OLD.team_id OR NEW.submitter_id IS DISTINCT FROM OLD.submitter_id OR NEW.line IS DISTINCT FROM OLD.line OR NEW.addressee_id IS DISTINCT FROM OLD.addressee_id OR NEW.workflow IS DISTINCT FROM OLD.workflow OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.part_id = NEW.id AND t.part_sequence = NEW.sequence
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

------

CREATE TRIGGER parts_head BEFORE UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION part_head_follows()

------

ALTER TABLE parts ENABLE ALWAYS TRIGGER parts_head

------

CREATE FUNCTION case_head_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.number IS DISTINCT FROM OLD.number OR NEW.team_id IS DISTINCT FROM OLD.team_id OR NEW.submitter_id IS DISTINCT FROM OLD.submitter_id OR NEW.submitted_at IS DISTINCT FROM OLD.submitted_at OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.case_id = NEW.id AND t.sequence = NEW.sequence AND t.digest = NEW.digest
      AND t.recorded_at = NEW.recorded_at AND t.region = NEW.region
      AND NOT EXISTS (SELECT 1 FROM transitions u WHERE u.case_id = NEW.id AND u.sequence = NEW.sequence + 1)
  ) THEN
    RAISE EXCEPTION 'the head of a case follows its history' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER cases_head BEFORE UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION case_head_follows()

------

ALTER TABLE cases ENABLE ALWAYS TRIGGER cases_head

------

CREATE FUNCTION part_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.sequence IS NOT NULL OR NEW.state IS NOT NULL OR NEW.phase IS NOT NULL OR NEW.occurred_at IS NOT NULL
  OR NEW.party IS NOT NULL OR NEW.party_id IS NOT NULL OR NEW.assignee_id IS NOT NULL OR NEW.due_on IS NOT NULL
  -- The main part of a case has its id, and a part is of its case and of the kind that its workflow governs.
  OR (NEW.kind = 'case') <> (NEW.id = NEW.case_id)
  OR NOT EXISTS (
    SELECT 1 FROM cases c, workflows w
    WHERE c.id = NEW.case_id AND c.team_id = NEW.team_id AND c.submitter_id = NEW.submitter_id
      AND w.hash = NEW.workflow AND w.name = NEW.kind
  ) THEN
    RAISE EXCEPTION 'a part begins without a history' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER parts_begin BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION part_begins()

------

ALTER TABLE parts ENABLE ALWAYS TRIGGER parts_begin

------

CREATE FUNCTION case_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.sequence <> 0 OR NEW.digest <> repeat('0', 64) THEN
    RAISE EXCEPTION 'a case begins without a history' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER cases_begin BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION case_begins()

------

ALTER TABLE cases ENABLE ALWAYS TRIGGER cases_begin

------

CREATE FUNCTION content_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Content is written once, with an entry that has its digest.
  IF NEW.salt IS NULL OR NEW.nonce IS NULL OR NEW.ciphertext IS NULL OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.case_id = NEW.case_id AND t.sequence = NEW.sequence AND t.content_digest IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'content belongs to an entry' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER contents_belong BEFORE INSERT ON contents FOR EACH ROW EXECUTE FUNCTION content_belongs()

------

ALTER TABLE contents ENABLE ALWAYS TRIGGER contents_belong

------

CREATE FUNCTION edge_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A definition has the edges it came with.
  IF NOT EXISTS (
    SELECT 1 FROM workflows w WHERE w.hash = NEW.workflow
      AND w.edges > (SELECT count(*) FROM workflow_edges e WHERE e.workflow = NEW.workflow)
  ) THEN
    RAISE EXCEPTION 'a definition has the edges it came with' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$

------

CREATE TRIGGER workflow_edges_belong BEFORE INSERT ON workflow_edges FOR EACH ROW EXECUTE FUNCTION edge_belongs()

------

ALTER TABLE workflow_edges ENABLE ALWAYS TRIGGER workflow_edges_belong
