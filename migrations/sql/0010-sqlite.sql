-- SQLite: the phase of an entry is that of its target in the definition. Lists go by the phase: an open state under the
-- phase of an end would hide its case.
--
CREATE TRIGGER transitions_phase BEFORE INSERT ON transitions
WHEN NOT EXISTS (
    SELECT 1 FROM workflows w
    WHERE w.hash = NEW.workflow AND json_extract(w.definition, '$.states.' || NEW.target || '.phase') = NEW.phase
)
BEGIN SELECT RAISE(ABORT, 'the phase of an entry is that of its state'); END
