"""T22: requests about a file, decided with reasons and within a term, also when the case has long ended."""

from datetime import date, datetime, timedelta

import pytest

from api_tests.journeys.conftest import Elsewhere
from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import refusal
from api_tests.support.sabotages import Rule, broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer, rows
from service.vocabulary import accepted_text
from service.vocabulary.calendar import Term, day_in_amsterdam, last_day_of
from service.vocabulary.roles import Role


def test_t22_a_family_asks_for_its_file_and_is_told_the_decision_and_the_outcome(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma")

    today = date.today()  # noqa: DTZ011 - a day, give or take one
    part = case.ask_about_file("access", by="wilma", asked_on=str(today - timedelta(days=1)))
    work_items = people.carla.get(f"/work-items?whose=team&number={case.number}").json()["items"]
    grant = case.fire("grant", part=part, by="carla")
    case.fire("carry_out", part=part, by="carla", carried_out_on=str(today - timedelta(days=1)))

    assert (part["state"]["code"], part["party"]["role"]) == ("received", "coordinator")
    assert today + timedelta(days=26) <= date.fromisoformat(part["dueOn"]) <= today + timedelta(days=35)
    assert part["id"] in [item["part"]["id"] for item in work_items]
    assert grant["transition"]["codes"] == {"file_request_extent": ["partial"]}
    requests = people.wilma.get(f"{case.path}/file-requests").json()["items"]
    assert [request["state"]["code"] for request in requests] == ["carried_out"]
    assert case.state == "submitted"


def test_t22_a_refusal_gives_its_reason_and_says_where_to_complain(case: CaseFile) -> None:
    part = case.ask_about_file("destruction")

    without_grounds = case.attempt("refuse", part=part, by="carla", grounds=None)
    without_complaint_address = case.attempt("refuse", part=part, by="carla", told_where_to_complain=False)
    refusal = case.fire("refuse", part=part, by="quint")

    assert (without_grounds.status_code, without_complaint_address.status_code) == (400, 400)
    assert refusal["transition"]["codes"] == {"file_request_refusal_reason": ["interest_of_another"]}
    assert refusal["transition"]["by"]["role"] == "data_protection_officer"


@broken_by(
    "T22: a member of a family acts in no file request of another member",
    "service/file_rights/rules/kinds.py",
    "    asked_personally=True,\n",
    "",
)
@broken_by(
    "A refusal says why somebody with the role has no say in a part",
    "service/cases/rules/steps.py",
    "raise replace(refusal, why_not=standing.why_not_for(workflow.definition.triggers[trigger])) from None",
    "raise",
)
@pytest.mark.parametrize(("asker", "other"), [("yara", "wilma"), ("wilma", "yara")])
def test_t22_a_member_of_a_family_acts_in_their_own_request_alone(people: People, asker: str, other: str) -> None:
    """AVG 15 and 17; Jeugdwet 7.3.10: from sixteen the young person decides, and what parents ask is theirs."""
    case = CaseFile.submitted(people, by="wilma")
    part = case.ask_about_file("destruction", by=asker)

    refused = [case.attempt(step, part=part, by=other) for step in ("withdraw", "amend", "add_note")]
    offers = people[other].get(f"{case.address(part)}/possible-transitions").json()["transitions"]
    case.fire("withdraw", part=part, by=asker)

    for answer in refused:
        assert refusal(answer) == (403, "role_not_allowed")
        assert answer.json()["whyNot"]["code"] == "asked_by_another"
        assert "Somebody else made this request" in answer.json()["whyNot"]["en"]
        assert answer.json()["whyNot"]["nl"] in answer.json()["detail"]
    reasons = {offer["trigger"]: (offer["whyNot"] or {}).get("code") for offer in offers}
    assert reasons == {
        "withdraw": "asked_by_another",
        "amend": "asked_by_another",
        "add_note": "asked_by_another",
        "grant": None,
        "refuse": None,
        "postpone": None,
        "reassign": None,
    }


@broken_by(
    "Beside the file, a member of the family has no say in another role",
    "service/cases/rules/acting_memberships.py",
    'return Standing(seats, roles if asked_by_another else roles - FAMILY_ROLES, "of_the_family")',
    "return Standing(seats)",
)
@pytest.mark.parametrize("asker", ["the officer", "wilma"])
def test_t22_who_belongs_to_the_family_decides_on_no_request_about_its_file(
    service: RunningService, people: People, asker: str
) -> None:
    case = CaseFile.submitted(people, by="wilma")
    with newcomer(
        service,
        ("gezin-w", Role.PARENT, SOME_TIME_AGO, None),
        ("ret", Role.DATA_PROTECTION_OFFICER, SOME_TIME_AGO, None),
    ) as officer:
        case.people = People({**people, "the officer": officer})
        part = case.ask_about_file("destruction", by=asker)
        refused = case.attempt("grant", part=part, by="the officer")
    case.fire("grant", part=part, by="quint")

    assert refusal(refused) == (403, "role_not_allowed")
    assert refused.json()["whyNot"]["code"] == "of_the_family"


@broken_by(
    "Who belongs to the family proposes no destruction of an entry of its file",
    "service/cases/rules/acting_memberships.py",
    "if part.state == START and not (of_the_family and kind.decided_by):",
    "if part.state == START:",
)
def test_i21_who_belongs_to_the_family_proposes_no_destruction_in_another_role(
    service: RunningService, people: People
) -> None:
    case = CaseFile.submitted(people, by="wilma")
    form = filled("entry_destruction@1", partId=case.id, number=1)
    seats = (("gezin-w", Role.PARENT, SOME_TIME_AGO, None), ("ret", Role.COORDINATOR, SOME_TIME_AGO, None))
    with newcomer(service, *seats) as coordinator:
        proposal = {"trigger": "propose_destruction", "form": form}
        refused = coordinator.post(f"{case.path}/entry-destructions", proposal)

    assert refusal(refused) == (403, "role_not_allowed")
    assert refused.json()["whyNot"]["code"] == "of_the_family"


@broken_by(
    "T22: a family reads the decision on its own file request",
    "service/cases/use_cases/reading_rights.py",
    '"file_request_grant", "file_request_refusal", ',
    '"file_request_grant", ',
)
def test_t22_a_family_reads_the_decision_on_its_request_in_the_words_of_the_decider(people: People) -> None:
    """AVG 12.4. The family still reads no other text of others."""
    case = CaseFile.submitted(people, by="wilma")
    first, second = (case.ask_about_file("destruction", by="wilma") for _ in range(2))
    case.fire("postpone", part=first, by="carla", told_on="2025-06-12", due_on="2025-08-13", grounds="Het is vakantie.")
    case.fire("refuse", part=first, by="carla", grounds="Er loopt een klacht.")
    case.fire("grant", part=second, by="carla")
    case.fire("carry_out", part=second, by="carla")
    case.fire("add_note", by="carla")

    decisions = [
        people.wilma.get(f"{case.address(part)}/transitions/{number}") for part in (first, second) for number in (2, 3)
    ]
    note = people.wilma.get(f"{case.path}/transitions/{case.view()['main']['version']}")

    assert [answer.status_code for answer in decisions] == [200] * 4
    assert [answer.json()["grounds"] for answer in decisions[:2]] == ["Het is vakantie.", "Er loopt een klacht."]
    assert decisions[2].json()["form"]["notGranted"] == filled("file_request_grant@1")["notGranted"]
    assert (note.status_code, note.json()["code"]) == (403, "written_by_others")


@broken_by(
    "T22: the term of a request runs from the day on which it was made",
    "service/file_rights/rules/request_forms.py",
    "return min(last_day_of(self.asked_on, term), last_day_of(self.asked_on, LONGEST_DECISION))",
    "return None",
)
@broken_by(
    "T22: a request that is recorded late is shown as late",
    "service/file_rights/rules/request_forms.py",
    "return min(last_day_of(self.asked_on, term), last_day_of(self.asked_on, LONGEST_DECISION))",
    "return last_day_of(context.day, LONGEST_DECISION)",
)
def test_t22_a_request_is_decided_within_a_month_from_the_day_on_which_it_was_made(case: CaseFile) -> None:
    """AVG 12.3, in months of the calendar: a month from 31 January is 28 February."""
    part = case.ask_about_file("access", asked_on="2025-01-31")

    assert (part["dueOn"], part["late"]) == ("2025-02-28", True)


@pytest.mark.server
def test_t22_a_region_may_decide_sooner_and_not_later_than_the_law_has_it(elsewhere: Elsewhere) -> None:
    due_days = []
    for term in ({"days": 90}, {"working_days": 10}):
        settings = {"terms": {"decide_file_request": term}}
        decided = elsewhere.people.roos.post("/regions/JZ11/settings", {"settings": settings})
        assert decided.status_code == 201, decided.text
        due_days.append(CaseFile.submitted(elsewhere.people).ask_about_file(asked_on="2025-01-31")["dueOn"])

    assert due_days == ["2025-02-28", "2025-02-14"]


def test_t22_a_request_may_be_recorded_at_the_time_at_which_it_was_made(case: CaseFile) -> None:
    body = {"trigger": "ask_about_file", "form": filled("file_request@1")}
    submitted = datetime.fromisoformat(case.history()[0]["occurredAt"])
    before, at_once = ((submitted - timedelta(days=days)).isoformat() for days in (1, 0))

    too_early = case.people.anna.post(f"{case.path}/file-requests", {**body, "occurredAt": before})
    recorded = case.people.anna.post(f"{case.path}/file-requests", {**body, "occurredAt": at_once})

    assert [error["code"] for error in too_early.json()["errors"]] == ["occurred_before_previous"]
    assert recorded.status_code == 201
    assert datetime.fromisoformat(recorded.json()["transition"]["occurredAt"]) == submitted


@broken_by("T22: a postponement ends within three months of the request", Rule("postponed_too_long"))
@broken_by("T22: a decision is postponed once", Rule("postponed_before"))
def test_t22_a_decision_is_postponed_once_until_three_months_after_the_request_at_most(case: CaseFile) -> None:
    """AVG 12.3: one month, and two more."""
    part = case.ask_about_file("copy", asked_on="2025-01-31")

    too_long = case.attempt("postpone", part=part, by="carla", told_on="2025-02-20", due_on="2025-05-01")
    case.fire("postpone", part=part, by="carla", told_on="2025-02-20", due_on="2025-04-30")
    again = case.attempt("postpone", part=part, by="carla", told_on="2025-04-20", due_on="2025-04-30")

    (fault,) = too_long.json()["errors"]
    assert (fault["code"], fault["location"]) == ("postponed_too_long", "/form/dueOn")
    assert "30 april 2025" in fault["nl"]
    assert [error["code"] for error in again.json()["errors"]] == ["postponed_before"]
    assert case.parts("file_request")[0]["dueOn"] == "2025-04-30"


@broken_by(
    "Jeugdwet 7.3.9: destruction is carried out within three months of the request",
    "service/file_rights/rules/request_forms.py",
    "return min(last_day_of(context.day, term), last_day_of(_asked_on(context), LONGEST_CARRYING_OUT))",
    "return last_day_of(context.day, term)",
)
@pytest.mark.parametrize("kind", ["destruction", "correction"])
def test_t22_what_was_granted_is_carried_out_within_three_months_of_the_request(case: CaseFile, kind: str) -> None:
    part = case.ask_about_file(kind, asked_on="2025-11-30")
    case.fire("postpone", part=part, by="carla", told_on="2025-12-20", due_on="2026-02-20")

    case.fire("grant", part=part, by="carla")

    granted = case.parts("file_request")[0]
    assert (granted["state"]["code"], granted["dueOn"], granted["late"]) == ("granted", "2026-03-02", True)


@pytest.mark.server
def test_t22_what_is_granted_at_once_is_carried_out_within_the_term_of_the_region(elsewhere: Elsewhere) -> None:
    case = CaseFile.submitted(elsewhere.people)
    today = day_in_amsterdam(elsewhere.clock())
    part = case.ask_about_file("destruction", asked_on=str(today))

    case.fire("grant", part=part, by="carla", identity_checked="Aan de balie.")

    assert case.parts("file_request")[0]["dueOn"] == str(last_day_of(today, Term(months=2)))


@broken_by(
    "T22: the day by which a request must be decided follows a correction of the day on which it was made",
    "service/cases/rules/steps.py",
    "amended = step.amended if step.amended and step.amended.form.sets_due_day_when_amended else None",
    "amended = None",
)
def test_t22_who_corrects_the_day_of_a_request_moves_its_term(case: CaseFile) -> None:
    part = case.ask_about_file("copy", asked_on="2025-01-31")

    def amend(number: int, by: str, **changes: str) -> str:
        form = {"amends": number, "changes": changes, "reason": "Verkeerde dag opgeschreven."}
        case.fire("amend", part=part, by=by, form=form)
        return str(case.parts("file_request")[0]["dueOn"])

    asked_later = amend(1, "anna", askedOn="2025-03-17")
    case.fire("postpone", part=part, by="carla", told_on="2025-04-01", due_on="2025-06-01")
    postponed_less = amend(3, "carla", dueOn="2025-05-20")
    too_long = {"amends": 3, "changes": {"dueOn": "2025-06-18"}, "reason": "Langer."}
    refused = case.attempt("amend", part=part, by="carla", form=too_long)
    asked_earlier = amend(1, "anna", askedOn="2025-03-10")
    case.fire("grant", part=part, by="carla")
    granted = amend(1, "anna", askedOn="2025-03-12")

    assert (asked_later, postponed_less, asked_earlier, granted) == (
        "2025-04-17",
        "2025-05-20",
        "2025-05-20",
        "2025-06-12",
    )
    assert [(error["location"], error["code"]) for error in refused.json()["errors"]] == [
        ("/form/changes/dueOn", "postponed_too_long")
    ]


@broken_by(
    "T22: a postponed request ends within three months, also when the day of the request is corrected",
    "service/file_rights/rules/request_forms.py",
    "return min(context.due_on, longest) if context.due_on else None",
    "return None",
)
def test_t22_a_postponement_ends_sooner_when_the_request_proves_to_be_older(case: CaseFile) -> None:
    part = case.ask_about_file("copy", asked_on="2025-03-17")
    case.fire("postpone", part=part, by="carla", told_on="2025-04-01", due_on="2025-06-17")

    older = {"amends": 1, "changes": {"askedOn": "2025-01-31"}, "reason": "Verkeerde dag opgeschreven."}
    case.fire("amend", part=part, by="anna", form=older)

    assert case.parts("file_request")[0]["dueOn"] == "2025-04-30"


@broken_by("T22: nobody is told of a decision before the request", Rule("before_the_request"))
@broken_by("T22: after three months a decision is no longer postponed", Rule("too_late_to_postpone"))
def test_t22_the_days_of_an_answer_follow_the_request(case: CaseFile) -> None:
    part = case.ask_about_file("copy", asked_on="2025-03-17")

    answers = [
        case.attempt("postpone", part=part, by="carla", told_on="2025-03-16", due_on="2025-06-01"),
        case.attempt("postpone", part=part, by="carla", told_on="2025-06-18", due_on="2025-06-20"),
        case.attempt("refuse", part=part, by="carla", told_on="2025-03-16"),
    ]
    case.fire("grant", part=part, by="carla")
    answers.append(case.attempt("carry_out", part=part, by="carla", carried_out_on="2025-03-16"))

    assert [[(error["location"], error["code"]) for error in answer.json()["errors"]] for answer in answers] == [
        [("/form/toldOn", "before_the_request")],
        [("/form/toldOn", "too_late_to_postpone")],
        [("/form/toldOn", "before_the_request")],
        [("/form/carriedOutOn", "before_the_request")],
    ]


def test_i18_that_the_service_read_a_request_to_count_its_term_is_in_the_access_log(case: CaseFile) -> None:
    part = case.ask_about_file("copy")
    case.fire("grant", part=part, by="carla")

    log = case.people.anna.get(f"{case.path}/access-log").json()["items"]

    assert [line["activity"] for line in log if "termijn" in line["sentence"]["nl"]] == ["count_term"]


def test_t22_a_file_is_asked_about_after_the_end_as_well_and_the_case_stays_ended(case: CaseFile) -> None:
    case.fire("withdraw")

    part = case.ask_about_file("correction")

    assert part["state"]["code"] == "received"
    assert (case.state, case.view()["main"]["version"]) == ("withdrawn", 2)


def test_i21_a_request_about_a_file_does_not_extend_its_retention(
    service: RunningService, people: People, case: CaseFile
) -> None:
    case.fire("withdraw")
    keep_until_before = people.carla.get(f"{case.path}/retention").json()["keepUntil"]

    service.clock.let_pass(days=400)
    case.ask_about_file("access")
    case.read_in_an_emergency(by="petra")
    keep_until_after = people.carla.get(f"{case.path}/retention").json()["keepUntil"]
    service.clock.let_pass(days=-400)

    assert keep_until_after == keep_until_before


def test_the_text_of_a_request_is_content_and_only_its_kind_a_fact(service: RunningService, case: CaseFile) -> None:
    case.ask_about_file("own_statement")

    facts = rows(service, f"SELECT codes FROM transitions WHERE case_id = '{case.id}' AND sequence = 2")
    assert facts[0]["codes"] == '{"file_request_kind":["own_statement"],"person_role":["parent"]}'
    assert filled("file_request@1")["about"] not in str(rows(service, "SELECT * FROM contents"))


def test_only_a_reader_of_the_whole_case_asks_about_its_file(people: People, case: CaseFile) -> None:
    body = {"trigger": "ask_about_file", "form": filled("file_request@1")}

    statuses = {
        key: people[key].post(f"{case.path}/file-requests", body).status_code for key in ("bram", "ivo", "quint")
    }
    faulty = people.anna.post(
        f"{case.path}/file-requests", {"trigger": "ask_about_file", "form": {"kind": {"code": "x"}}}
    )

    assert statuses == {"bram": 404, "ivo": 404, "quint": 404}
    assert {error["location"] for error in faulty.json()["errors"]} == {"/form/kind", "/form/askedBy", "/form/askedOn"}


@broken_by(
    "A request that an older release accepted goes on, also with a text that would be refused today",
    "service/cases/use_cases/check_step.py",
    'return read_form(KINDS.forms[entry.form or ""], read_current_form(transaction, entry, situation.history)).form',
    'return KINDS.forms[entry.form or ""].model_validate(read_current_form(transaction, entry, situation.history))',
)
def test_t22_a_request_with_a_text_of_an_older_release_is_decided(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A space of no width counted as filled in until 0.4.0."""
    case = CaseFile.submitted(people)
    with monkeypatch.context() as older_release:
        older_release.setattr(accepted_text, "is_filled_in", lambda _: True)
        part = case.ask_about_file("access", about="\u200b")

    case.fire("grant", part=part, by="carla")

    assert case.parts("file_request")[0]["state"]["code"] == "granted"
