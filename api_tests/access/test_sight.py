"""A thing out of sight does not exist: not on a list, not by its id, not in any other answer (decision 0017)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api_tests.support.case_file import COLLECTIONS, CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import EXPERTS, SUBMITTERS, TEAM, advised_case, referral_of, sees_part, sees_whole

KEYS = tuple(PERSON_IDS)
BESIDE_THE_FILE = ("file_request", "emergency_access", "entry_destruction")
WITHOUT_CASES = ("noor", "quint", "roos")
# Few examples, each with many questions, on a database that grows with them: the same on both engines.
bounded = settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class CaseKind:
    """A case to be created: its region, its state, and whether it is put to the national level.

    Where help is arranged, the provider of line B has asked for a reconsideration of the advice.
    """

    region: str
    state: str
    escalated: bool = False


def _kinds() -> st.SearchStrategy[CaseKind]:
    """Twente has a chair and a local team alone: its cases stay where they were submitted."""
    states = st.sampled_from(["submitted", "in_triage", "in_review", "advice_issued", "arranging_placement"])
    kinds = st.builds(CaseKind, st.sampled_from(["JZ10", "JZ11"]), states, st.booleans())
    return st.one_of(kinds, kinds, st.just(CaseKind("JZ14", "submitted")))


def create_case(people: People, kind: CaseKind) -> CaseFile:
    if kind.state in ("advice_issued", "arranging_placement"):
        case = advised_case(people, kind.region)
    else:
        case = CaseFile.submitted(people, by=SUBMITTERS[kind.region], **referral_of(kind.region))
    if kind.region != "JZ14":
        case.go_to(kind.state)
        if kind.escalated and kind.state != "submitted":
            _escalate(case)
        if kind.state == "arranging_placement":
            line_b = next(part for part in case.parts("commitment") if part["line"] == "B")
            case.fire("request_reconsideration", part=line_b, by="joke")
    return case


def _escalate(case: CaseFile) -> None:
    case.fire("request_escalation")
    case.fire("escalate", part=next(part for part in case.parts("escalation") if part["state"]["code"] == "requested"))


def all_answers(people: People, case: CaseFile, key: str) -> dict[str, tuple[int, bytes]]:
    """Returns all that this person can ask about work and about this case: (status, bytes) by path."""
    parts = [case.address(part) for part in case.view()["parts"]]
    paths = [
        *(
            f"/work-items?whose={whose}&includeEnded=true&limit=200"
            for whose in ("mine", "organisation", "team", "all")
        ),
        *("/work-items?limit=2&whose=all", f"/work-items?whose=all&number={case.number}", "/cases?includeEnded=true"),
        *("/drafts", "/me", "/organisations", f"{case.path}/file", f"{case.path}/advices", f"{case.path}/advices/1"),
        *(f"{case.path}/{name}" for name in COLLECTIONS.values() if name),
        *(f"{case.path}/{name}" for name in ("verification", "refusals", "coming-of-age", "retention")),
        *(f"{path}{rest}" for path in (case.path, *parts) for rest in ("", "/transitions", "/possible-transitions")),
        *(f"{path}/transitions/1" for path in (case.path, *parts)),
    ]
    answers = {path: people[key].get(path) for path in paths}
    return {path: (answer.status_code, answer.content) for path, answer in answers.items()}


@broken_by(
    "decision 0017: a provider that asked for a reconsideration sees that part on every list",
    "service/advice/rules/kinds.py",
    "addressee_roles=frozenset({Role.PROVIDER, Role.MUNICIPALITY})",
    "addressee_roles=frozenset({Role.MUNICIPALITY})",
)
@example(
    kinds=[CaseKind("JZ11", "arranging_placement", escalated=True)],
    askers=["ivo", "joke", "karim", "mila", "sara", "tom"],
)
@given(kinds=st.lists(_kinds(), min_size=1, max_size=2), askers=st.permutations(KEYS).map(lambda keys: keys[:6]))
@bounded
def test_a_part_stands_on_a_persons_list_exactly_when_they_can_open_it(
    people: People, kinds: list[CaseKind], askers: list[str]
) -> None:
    for kind in kinds:
        case = create_case(people, kind)
        owner = "petra" if kind.region == "JZ14" else "esra"
        parts = [None, *case.view(owner)["parts"]]
        for key in askers:
            expected = {
                part["id"] if part else case.id
                for part in parts
                if sees_whole(key, kind.region, kind.state, escalated=kind.escalated and kind.state != "submitted")
                or (part and kind.region != "JZ14" and sees_part(key, part["kind"], part["line"], kind.region))
            }

            on_work_list = _ids_on_list(people, key, "/work-items", case, whose="all")
            on_case_list = _ids_on_list(people, key, "/cases", case)
            openable = {
                part["id"] if part else case.id for part in parts if _can_open(people, key, case.address(part), part)
            }

            assert (key, on_work_list) == (key, expected)
            assert (key, openable) == (key, expected)
            assert (key, on_case_list) == (key, expected & {case.id})


def _ids_on_list(people: People, key: str, path: str, case: CaseFile, **more: str) -> set[str]:
    answer = people[key].get(path, params={"includeEnded": "true", "number": case.number, **more})
    return {item["part"]["id"] for item in answer.json()["items"]}


def _can_open(people: People, key: str, address: str, part: dict[str, Any] | None) -> bool:
    """Returns whether all reads agree that it is in sight. The path of the case also answers addressees of a part."""
    ways = ("", "/transitions", "/possible-transitions", "/transitions/1")
    statuses = {people[key].get(f"{address}{way}").status_code for way in (ways if part else ways[1:])}
    assert len(statuses) == 1, (key, address, statuses)
    return statuses == {200}


def _add_note(case: CaseFile) -> None:
    case.fire("add_note")


def _move_the_placement(case: CaseFile) -> None:
    case.fire("seek_placement")
    case.fire("agree", part=case.parts("placement")[0])


def _refuse_line_b(case: CaseFile) -> None:
    line_b = next(part for part in case.parts("commitment") if part["line"] == "B")
    case.fire("refuse", part=line_b, by="joke")


def _dispute_line_b(case: CaseFile) -> None:
    line_b = next(part for part in case.parts("funding") if part["line"] == "B")
    case.fire("dispute", part=line_b, by="lotte")


def _ask_network(case: CaseFile) -> None:
    case.fire("ask_network")


def _ask_nationally(case: CaseFile) -> None:
    _escalate(case)
    case.fire("record_answer", part=_open(case, "question"))


def _open(case: CaseFile, kind: str) -> dict[str, Any]:
    return next(part for part in case.parts(kind) if part["phase"] != "ended")


def _reconsider(case: CaseFile) -> None:
    case.fire("request_reconsideration")
    case.fire("take_up", part=_open(case, "reconsideration"))
    case.fire("confirm_advice", part=_open(case, "reconsideration"))


def _reconsider_for_line_b(case: CaseFile) -> None:
    line_b = next(part for part in case.parts("commitment") if part["line"] == "B")
    case.fire("request_reconsideration", part=line_b, by="joke")
    case.fire("withdraw", part=_open(case, "reconsideration"), by="joke")


def _start_arranging(case: CaseFile) -> None:
    case.fire("start_arranging")


def _submit_another(case: CaseFile) -> None:
    CaseFile.submitted(case.people, by="anna")


MOVES: tuple[Callable[[CaseFile], None], ...] = (
    _add_note,
    _move_the_placement,
    _refuse_line_b,
    _dispute_line_b,
    _ask_network,
    _ask_nationally,
    _reconsider,
    _reconsider_for_line_b,
    _start_arranging,
    _submit_another,
)


@given(
    moves=st.lists(st.sampled_from(MOVES), min_size=2, max_size=5, unique=True), key=st.sampled_from(["ivo", "karim"])
)
@bounded
def test_steps_of_others_in_the_same_case_change_nothing_of_the_answers_to_an_addressee(
    people: People, moves: list[Callable[[CaseFile], None]], key: str
) -> None:
    case = advised_case(people)
    answers_before = all_answers(people, case, key)

    for move in moves:
        move(case)

    answers_after = all_answers(people, case, key)
    assert {path: answers_after[path] for path in answers_before} == answers_before
    assert answers_before[case.path][0] == 200


@given(
    kind=_kinds(),
    blind=st.permutations(KEYS).map(lambda keys: keys[:6]),
)
@bounded
def test_cases_out_of_sight_change_nothing_of_the_answers(people: People, kind: CaseKind, blind: list[str]) -> None:
    lists = [
        f"/work-items?whose={whose}&includeEnded=true&limit=200" for whose in ("mine", "organisation", "team", "all")
    ]
    lists += ["/work-items?whose=all&limit=1", "/cases?includeEnded=true&limit=200", "/drafts", "/me", "/organisations"]
    unseeing = [key for key in blind if not _sees_any(key, kind)]
    answers_before = {(key, path): people[key].get(path).content for key in unseeing for path in lists}

    case = create_case(people, kind)

    answers_after = {(key, path): people[key].get(path).content for key, path in answers_before}
    assert answers_after == answers_before
    assert {people[key].get(case.path).status_code for key in unseeing} <= {404}


def _sees_any(key: str, kind: CaseKind) -> bool:
    """Returns whether any part of the case comes into this person's sight on the way to its state."""
    if kind.region == "JZ14":
        return key in ("petra", "otto")
    on_its_way = {"in_review", "advice_issued", "arranging_placement"}
    addressed = kind.state in ("advice_issued", "arranging_placement") and key in ("ivo", "joke", "karim", "lotte")
    escalated = key in ("mila", "tom") and kind.escalated and kind.state != "submitted"
    # Experts see a case only while it is at the table (next test).
    expert = key in EXPERTS and kind.state in on_its_way - {"arranging_placement"}
    return key in (*TEAM, SUBMITTERS[kind.region]) or addressed or escalated or expert


@broken_by(
    "An expert sees a case only while it is at the table",
    "service/cases/store/visibility.py",
    'TABLE_PHASES = ("review", "binding_advice")',
    'TABLE_PHASES = ("review", "binding_advice", "placement")',
)
def test_experts_see_a_case_while_it_is_at_the_table_and_not_before_or_after(people: People) -> None:
    case = CaseFile.submitted(people)
    statuses = {}

    for state in ("submitted", "in_triage", "scheduled", "in_review", "advice_drafted", "arranging_placement"):
        case.go_to(state)
        statuses[state] = {people[key].get(case.path).status_code for key in EXPERTS}

    assert statuses == {
        "submitted": {404},
        "in_triage": {404},
        "scheduled": {200},
        "in_review": {200},
        "advice_drafted": {200},
        "arranging_placement": {404},
    }


@broken_by(
    "A liaison does not see a case through an escalation to another organisation",
    "service/cases/store/visibility.py",
    "            _escalation.c.addressee_id.in_(liaisons),\n",
    "",
)
def test_the_liaison_sees_a_case_of_any_region_once_it_is_escalated_and_none_before(people: People) -> None:
    cases = {region: CaseFile.submitted(people, by=by, **referral_of(region)) for region, by in SUBMITTERS.items()}
    ours = [cases["JZ10"].go_to("in_triage"), cases["JZ11"].go_to("in_triage")]
    ours[0].fire("ask_network")
    before = {region: people.mila.get(case.path).status_code for region, case in cases.items()}

    for case in ours:
        case.fire("request_escalation")

    after = {region: people.mila.get(case.path).status_code for region, case in cases.items()}
    assert before == {"JZ10": 404, "JZ11": 404, "JZ14": 404}
    assert after == {"JZ10": 200, "JZ11": 200, "JZ14": 404}


@broken_by(
    "Every read leaves out the parts that the person may not see",
    "service/cases/store/visibility.py",
    "    return or_(may_read_whole_case(actor), *addressed_parts)",
    "    return or_(parts.c.id.is_not(None), *addressed_parts)",
)
def test_facilitator_and_administrator_see_no_case_and_the_officer_sees_what_stands_beside_the_file(
    people: People, case: CaseFile
) -> None:
    case.ask_about_file()
    lists = [
        people[key].get(f"{path}{'&' if '?' in path else '?'}includeEnded=true").json()["items"]
        for key in WITHOUT_CASES
        for path in ("/cases", *(f"/work-items?whose={whose}" for whose in ("all", "organisation", "team")))
    ]

    assert people.esra.get(case.path).status_code == 200
    assert [[item for item in items if item["part"]["kind"] not in BESIDE_THE_FILE] for items in lists] == [[]] * 12
    numbers = [
        item["number"] for item in people.quint.get(f"/work-items?whose=all&number={case.number}").json()["items"]
    ]
    assert case.number in numbers
    assert [people[key].get("/work-items?whose=all").json()["items"] for key in ("noor", "roos")] == [[], []]


def test_two_regions_know_nothing_of_each_other(people: People, case: CaseFile) -> None:
    twente_case = CaseFile.submitted(people, by="otto", **referral_of("JZ14"))

    statuses = {
        (key, target.id): people[key].get(target.path).status_code
        for target in (case, twente_case)
        for key in (*TEAM, "anna", "otto", "petra")
    }

    ours = {(key, case.id): 200 for key in (*TEAM, "anna")} | {(key, case.id): 404 for key in ("otto", "petra")}
    assert statuses == ours | {
        **{(key, twente_case.id): 404 for key in (*TEAM, "anna")},
        **{(key, twente_case.id): 200 for key in ("otto", "petra")},
    }
