-- PostgreSQL: a transaction is shown no more than it was told of. Statements are divided by lines of dashes.
-- `(SELECT told(…))` is computed once per statement; without the SELECT it would be computed for every row.
--
CREATE FUNCTION told(what text) RETURNS text[] LANGUAGE sql STABLE AS $$
  -- What this transaction was told: nothing, unless set_config('casusroute.…', …, true) was called in it.
  SELECT string_to_array(current_setting('casusroute.' || what, true), ',')
$$

------

CREATE FUNCTION told_everything() RETURNS boolean LANGUAGE sql STABLE AS $$
  -- The value is the reason.
  SELECT coalesce(current_setting('casusroute.everything', true), '') <> ''
$$

------

-- Read as its owner, past the policies below: a policy on parts could not look at other parts. It shows nothing that
-- those do not show. Asked for one case, it looks along the indexes of both tables.
CREATE VIEW cases_in_sight WITH (security_barrier) AS
SELECT case_id FROM parts
WHERE team_id = ANY ((SELECT told('organisations'))::text[])
   OR submitter_id = ANY ((SELECT told('organisations'))::text[])
   OR addressee_id = ANY ((SELECT told('organisations'))::text[])
UNION ALL
SELECT id FROM cases
WHERE region = ANY ((SELECT told('regions'))::text[]) OR id = ANY ((SELECT told('cases'))::text[])

------

ALTER TABLE cases ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON cases USING (
  (SELECT told_everything())
  OR team_id = ANY ((SELECT told('organisations'))::text[])
  OR submitter_id = ANY ((SELECT told('organisations'))::text[])
  OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = cases.id)
)

------

ALTER TABLE parts ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON parts USING (
  (SELECT told_everything())
  OR team_id = ANY ((SELECT told('organisations'))::text[])
  OR submitter_id = ANY ((SELECT told('organisations'))::text[])
  OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = parts.case_id)
)

------

ALTER TABLE transitions ENABLE ROW LEVEL SECURITY

------

-- A region also counts what was recorded while a case was its own.
CREATE POLICY in_sight ON transitions USING (
  (SELECT told_everything())
  OR region = ANY ((SELECT told('regions'))::text[])
  OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = transitions.case_id)
)

------

ALTER TABLE contents ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON contents USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = contents.case_id)
)

------

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON outbox USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = outbox.case_id)
)

------

ALTER TABLE feed ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON feed FOR SELECT USING (
  (SELECT told_everything()) OR organisation_id = ANY ((SELECT told('organisations'))::text[])
)

------

CREATE POLICY told ON feed FOR INSERT WITH CHECK ((SELECT told_everything()))

------

ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY

------

CREATE POLICY told ON deliveries USING ((SELECT told_everything()))

------

ALTER TABLE requests ENABLE ROW LEVEL SECURITY

------

CREATE POLICY own ON requests USING (
  (SELECT told_everything()) OR person_id = ANY ((SELECT told('person'))::text[])
)

------

ALTER TABLE drafts ENABLE ROW LEVEL SECURITY

------

CREATE POLICY own ON drafts USING (
  (SELECT told_everything()) OR person_id = ANY ((SELECT told('person'))::text[])
)

------

ALTER TABLE access_log ENABLE ROW LEVEL SECURITY

------

-- What was looked at for an organisation without being of one case, an export of many, is for that organisation.
CREATE POLICY in_sight ON access_log FOR SELECT USING (
  (SELECT told_everything())
  OR user_id = ANY ((SELECT told('person'))::text[])
  OR organisation_id = ANY ((SELECT told('organisations'))::text[])
  OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = access_log.case_id)
)

------

CREATE POLICY own ON access_log FOR INSERT WITH CHECK (
  (SELECT told_everything()) OR user_id = ANY ((SELECT told('person'))::text[])
)

------

ALTER TABLE legal_holds ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON legal_holds USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = legal_holds.case_id)
)

------

ALTER TABLE destruction_proposals ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON destruction_proposals USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = destruction_proposals.case_id)
)

------

ALTER TABLE destructions ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON destructions USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = destructions.case_id)
)

------

ALTER TABLE legal_hold_endings ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON legal_hold_endings USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM legal_holds h WHERE h.id = legal_hold_endings.hold_id)
)

------

ALTER TABLE destruction_signatures ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON destruction_signatures USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM destruction_proposals p WHERE p.id = destruction_signatures.proposal_id)
)

------

ALTER TABLE destruction_withdrawals ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON destruction_withdrawals USING (
  (SELECT told_everything()) OR EXISTS (SELECT 1 FROM destruction_proposals p WHERE p.id = destruction_withdrawals.proposal_id)
)

------

ALTER TABLE keys.case_keys ENABLE ROW LEVEL SECURITY

------

CREATE POLICY in_sight ON keys.case_keys USING (
  (SELECT told_everything())
  OR owner_id = ANY ((SELECT told('cases'))::text[])
  OR EXISTS (SELECT 1 FROM cases_in_sight s WHERE s.case_id = case_keys.owner_id)
  OR EXISTS (SELECT 1 FROM drafts d WHERE d.id = case_keys.owner_id)
)

------

-- The keys outlive data that was lost, and with them what looks at no other table.
DROP POLICY IF EXISTS made_first ON keys.case_keys

------

-- Keys are committed before there is anything that they open, and nobody's keys can be made twice.
CREATE POLICY made_first ON keys.case_keys FOR INSERT WITH CHECK (true)
