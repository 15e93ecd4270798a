-- SQLite: the content of one entry is emptied by the row that says so, once, and in no other way.
--
-- Two people agreed in the history, one for the team and its officer, nothing holds the case, and the entry is the one
-- that they named. A database that came back may not know of their agreement.
CREATE TRIGGER content_destructions_lead BEFORE INSERT ON content_destructions
WHEN NOT EXISTS (
    SELECT 1 FROM contents c JOIN transitions t ON t.case_id = c.case_id AND t.sequence = c.sequence
    WHERE c.case_id = NEW.case_id AND c.sequence = NEW.sequence AND c.ciphertext IS NOT NULL AND t.digest = NEW.digest
)
OR NEW.replayed_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM transitions p
    JOIN transitions s ON s.part_id = p.part_id AND s.case_id = p.case_id
    JOIN transitions t ON t.case_id = p.case_id AND t.sequence = NEW.sequence
    WHERE p.case_id = NEW.case_id AND p.part_id = NEW.part_id
      AND p.part_kind = 'entry_destruction' AND p.part_sequence = 1
      AND json_extract(p.codes, '$.destroys[0]') = CAST(t.part_sequence AS TEXT)
      AND json_extract(p.codes, '$.destroys_part[0]') = t.part_id
      AND s.target = 'destroyed' AND s.role = 'data_protection_officer' AND s.actor_id <> p.actor_id
)
OR NEW.replayed_at IS NULL AND EXISTS (
    SELECT 1 FROM legal_holds h
    WHERE h.case_id = NEW.case_id AND coalesce(h.until, '9999-12-31') >= NEW.day
      AND NOT EXISTS (SELECT 1 FROM legal_hold_endings e WHERE e.hold_id = h.id)
)
BEGIN SELECT RAISE(ABORT, 'a destruction is agreed to by two people and held up by nothing'); END

------

CREATE TRIGGER content_destructions_empty AFTER INSERT ON content_destructions
BEGIN
  UPDATE contents SET content_class = 'destroyed', form = NULL, salt = NULL, nonce = NULL, ciphertext = NULL
  WHERE case_id = NEW.case_id AND sequence = NEW.sequence;
END

------

-- The row of a destroyed content may be emptied again, with its whole case: that changes nothing.
CREATE TRIGGER contents_no_update BEFORE UPDATE ON contents
WHEN NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)
  AND NOT EXISTS (SELECT 1 FROM content_destructions d WHERE d.case_id = OLD.case_id AND d.sequence = OLD.sequence)
OR NEW.case_id IS NOT OLD.case_id OR NEW.sequence IS NOT OLD.sequence OR NEW.content_class <> 'destroyed'
OR coalesce(NEW.form, NEW.salt, NEW.nonce, NEW.ciphertext) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'contents is append-only'); END

------

CREATE TRIGGER content_destructions_no_update BEFORE UPDATE ON content_destructions
BEGIN SELECT RAISE(ABORT, 'content_destructions is append-only'); END

------

CREATE TRIGGER content_destructions_no_delete BEFORE DELETE ON content_destructions
BEGIN SELECT RAISE(ABORT, 'content_destructions is append-only'); END

------

CREATE TRIGGER content_destructions_no_replace BEFORE INSERT ON content_destructions
WHEN EXISTS (SELECT 1 FROM content_destructions WHERE case_id = NEW.case_id AND sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'content_destructions is append-only'); END
