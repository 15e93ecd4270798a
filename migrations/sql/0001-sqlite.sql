-- SQLite: the database as the last referee of every history. Statements are divided by lines of dashes.
--
CREATE TRIGGER transitions_no_update BEFORE UPDATE ON transitions
BEGIN SELECT RAISE(ABORT, 'transitions is append-only'); END

------

CREATE TRIGGER contents_no_update BEFORE UPDATE ON contents
BEGIN SELECT RAISE(ABORT, 'contents is append-only'); END

------

CREATE TRIGGER requests_no_update BEFORE UPDATE ON requests
BEGIN SELECT RAISE(ABORT, 'requests is append-only'); END

------

CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log
BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END

------

CREATE TRIGGER workflows_no_update BEFORE UPDATE ON workflows
BEGIN SELECT RAISE(ABORT, 'workflows is append-only'); END

------

CREATE TRIGGER workflow_edges_no_update BEFORE UPDATE ON workflow_edges
BEGIN SELECT RAISE(ABORT, 'workflow_edges is append-only'); END

------

CREATE TRIGGER region_settings_no_update BEFORE UPDATE ON region_settings
BEGIN SELECT RAISE(ABORT, 'region_settings is append-only'); END

------

CREATE TRIGGER transitions_no_delete BEFORE DELETE ON transitions
BEGIN SELECT RAISE(ABORT, 'transitions is append-only'); END

------

CREATE TRIGGER transitions_no_replace BEFORE INSERT ON transitions
WHEN EXISTS (SELECT 1 FROM transitions WHERE case_id = NEW.case_id AND sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'transitions is append-only'); END

------

CREATE TRIGGER contents_no_delete BEFORE DELETE ON contents
BEGIN SELECT RAISE(ABORT, 'contents is append-only'); END

------

CREATE TRIGGER contents_no_replace BEFORE INSERT ON contents
WHEN EXISTS (SELECT 1 FROM contents WHERE case_id = NEW.case_id AND sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'contents is append-only'); END

------

CREATE TRIGGER requests_no_delete BEFORE DELETE ON requests
BEGIN SELECT RAISE(ABORT, 'requests is append-only'); END

------

CREATE TRIGGER requests_no_replace BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM requests WHERE person_id = NEW.person_id AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'requests is append-only'); END

------

CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log
BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END

------

CREATE TRIGGER access_log_no_replace BEFORE INSERT ON access_log
WHEN EXISTS (SELECT 1 FROM access_log WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END

------

CREATE TRIGGER workflows_no_delete BEFORE DELETE ON workflows
BEGIN SELECT RAISE(ABORT, 'workflows is append-only'); END

------

CREATE TRIGGER workflows_no_replace BEFORE INSERT ON workflows
WHEN EXISTS (SELECT 1 FROM workflows WHERE hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'workflows is append-only'); END

------

CREATE TRIGGER workflow_edges_no_delete BEFORE DELETE ON workflow_edges
BEGIN SELECT RAISE(ABORT, 'workflow_edges is append-only'); END

------

CREATE TRIGGER workflow_edges_no_replace BEFORE INSERT ON workflow_edges
WHEN EXISTS (SELECT 1 FROM workflow_edges WHERE workflow = NEW.workflow AND trigger_name = NEW.trigger_name AND source = NEW.source AND target = NEW.target)
BEGIN SELECT RAISE(ABORT, 'workflow_edges is append-only'); END

------

CREATE TRIGGER region_settings_no_delete BEFORE DELETE ON region_settings
BEGIN SELECT RAISE(ABORT, 'region_settings is append-only'); END

------

CREATE TRIGGER region_settings_no_replace BEFORE INSERT ON region_settings
WHEN EXISTS (SELECT 1 FROM region_settings WHERE hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'region_settings is append-only'); END

------

CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases
BEGIN SELECT RAISE(ABORT, 'cases is append-only'); END

------

CREATE TRIGGER cases_no_replace BEFORE INSERT ON cases
WHEN EXISTS (SELECT 1 FROM cases WHERE id = NEW.id OR number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'cases is append-only'); END

------

CREATE TRIGGER parts_no_delete BEFORE DELETE ON parts
BEGIN SELECT RAISE(ABORT, 'parts is append-only'); END

------

CREATE TRIGGER parts_no_replace BEFORE INSERT ON parts
WHEN EXISTS (SELECT 1 FROM parts WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'parts is append-only'); END

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
      AND p.kind = NEW.part_kind AND p.workflow = NEW.workflow
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
WHEN NEW.id IS NOT OLD.id OR NEW.case_id IS NOT OLD.case_id OR NEW.kind IS NOT OLD.kind OR NEW.team_id IS NOT OLD.team_id OR NEW.submitter_id IS NOT OLD.submitter_id OR NEW.line IS NOT OLD.line OR NEW.addressee_id IS NOT OLD.addressee_id OR NEW.workflow IS NOT OLD.workflow OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.part_id = NEW.id AND t.part_sequence = NEW.sequence
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

------

CREATE TRIGGER cases_head BEFORE UPDATE ON cases
WHEN NEW.id IS NOT OLD.id OR NEW.number IS NOT OLD.number OR NEW.team_id IS NOT OLD.team_id OR NEW.submitter_id IS NOT OLD.submitter_id OR NEW.submitted_at IS NOT OLD.submitted_at OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.case_id = NEW.id AND t.sequence = NEW.sequence AND t.digest = NEW.digest
      AND t.recorded_at = NEW.recorded_at AND t.region = NEW.region
      AND NOT EXISTS (SELECT 1 FROM transitions u WHERE u.case_id = NEW.id AND u.sequence = NEW.sequence + 1)
)
BEGIN SELECT RAISE(ABORT, 'the head of a case follows its history'); END

------

CREATE TRIGGER parts_begin BEFORE INSERT ON parts
WHEN NEW.sequence IS NOT NULL OR NEW.state IS NOT NULL OR NEW.phase IS NOT NULL OR NEW.occurred_at IS NOT NULL
OR NEW.party IS NOT NULL OR NEW.party_id IS NOT NULL OR NEW.assignee_id IS NOT NULL OR NEW.due_on IS NOT NULL
-- The main part of a case has its id, and a part is of its case and of the kind that its workflow governs.
OR (NEW.kind = 'case') <> (NEW.id = NEW.case_id)
OR NOT EXISTS (
    SELECT 1 FROM cases c, workflows w
    WHERE c.id = NEW.case_id AND c.team_id = NEW.team_id AND c.submitter_id = NEW.submitter_id
      AND w.hash = NEW.workflow AND w.name = NEW.kind
)
BEGIN SELECT RAISE(ABORT, 'a part begins without a history'); END

------

CREATE TRIGGER cases_begin BEFORE INSERT ON cases
WHEN NEW.sequence <> 0 OR NEW.digest <> printf('%064d', 0)
BEGIN SELECT RAISE(ABORT, 'a case begins without a history'); END

------

-- Content is written once, with an entry that has its digest.
CREATE TRIGGER contents_belong BEFORE INSERT ON contents
WHEN NEW.salt IS NULL OR NEW.nonce IS NULL OR NEW.ciphertext IS NULL OR NOT EXISTS (
    SELECT 1 FROM transitions t
    WHERE t.case_id = NEW.case_id AND t.sequence = NEW.sequence AND t.content_digest IS NOT NULL
)
BEGIN SELECT RAISE(ABORT, 'content belongs to an entry'); END

------

-- A definition has the edges it came with.
CREATE TRIGGER workflow_edges_belong BEFORE INSERT ON workflow_edges
WHEN NOT EXISTS (
    SELECT 1 FROM workflows w WHERE w.hash = NEW.workflow
      AND w.edges > (SELECT count(*) FROM workflow_edges e WHERE e.workflow = NEW.workflow)
)
BEGIN SELECT RAISE(ABORT, 'a definition has the edges it came with'); END
