"""A case with very many notes: a step reads none of them, and history and file come in pages (decision 0036)."""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.escalations import signal
from api_tests.support.people import People
from api_tests.support.problems import faults_in
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.transactions import transaction_on
from api_tests.support.workflows import RULES
from service.cases.rules.attention import attention_reasons
from service.cases.rules.facts import fold_facts
from service.cases.rules.model import Transition
from service.cases.store.cases import Cases
from service.cases.store.rows import row_to_transition
from service.kinds import KINDS
from service.vocabulary.calendar import day_in_amsterdam

NOTES = 30
MANY = 4  # more than a page of three
Json = dict[str, Any]


@pytest.fixture
def long_case(case: CaseFile) -> CaseFile:
    """A case with notes by two parties, and a correction after them of what came first."""
    case.fire("start_triage")
    for number in range(NOTES):
        case.fire("add_note", by=("anna", "carla")[number % 2], text=f"Nummer {number}.")
    case.fire("amend", by="anna", amends=1, changes={"question": "Wie helpt nu?"}, reason="De vraag is nu anders.")
    return case


class CountedRows:
    """Counts the entries of histories that the service reads."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.number = 0

        def count(row: Any) -> Transition:
            self.number += 1
            return row_to_transition(row)

        patch.setattr("service.cases.store.cases.row_to_transition", count)

    def during(self, act: Any) -> int:
        before = self.number
        answer = act()
        assert answer.status_code in (200, 201), answer.text
        return self.number - before


@broken_by(
    "A step reads as many entries however many notes a case has",
    "service/cases/use_cases/situation.py",
    "    history = Cases(transaction).history_without_notes(case.id)\n    if actor",
    "    history = Cases(transaction).history(case.id)\n    if actor",
)
def test_a_step_and_a_read_of_the_case_read_no_note(
    people: People, case: CaseFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = CountedRows(monkeypatch)

    def read() -> list[int]:
        return [
            rows.during(lambda: case.attempt("add_note", by="anna", text="Nog een.")),
            rows.during(lambda: people.carla.get(case.path)),
            rows.during(lambda: people.carla.get(f"{case.path}/possible-transitions")),
            rows.during(lambda: people.carla.get(f"{case.path}/transitions/1")),
        ]

    at_first = read()
    for number in range(NOTES):
        case.fire("add_note", by="anna", text=f"Nummer {number}.")

    assert read() == at_first
    assert max(at_first) <= 2


@broken_by(
    "A page of a history reads the entries of the page",
    "service/cases/store/cases.py",
    'bindparam("after")).limit(bindparam("limit"))',
    'bindparam("after")).limit(200)',
)
@pytest.mark.parametrize("path", ["transitions", "file"])
def test_a_page_reads_the_entries_of_the_page_and_no_more(
    people: People, long_case: CaseFile, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the three entries that carry facts: the submission, the triage and the correction, once or twice."""
    rows = CountedRows(monkeypatch)

    read = rows.during(lambda: people.carla.get(f"{long_case.path}/{path}?limit=5"))

    assert read <= 5 + 1 + 2 * 3


@broken_by(
    "What a guard or a reader looks at is the same without notes",
    "service/cases/store/cases.py",
    '    transitions.c.part_kind != "escalation",\n',
    "",
)
@broken_by(
    "Only notes are left out of what a step reads",
    "service/cases/store/cases.py",
    'transitions.c.trigger_name == "add_note"',
    'transitions.c.trigger_name != "submit"',
)
def test_facts_and_what_asks_for_attention_are_the_same_without_notes(
    service: RunningService, people: People, case: CaseFile
) -> None:
    case.go_to("arranging_placement")
    assert signal(people.mila, case.number).status_code == 201
    escalation = case.parts("escalation")[0]
    case.fire("add_note", by="esra", part=escalation, text="Ik bel vandaag.")
    case.fire("add_note", by="carla", text="Tussendoor.")
    case.fire("add_note", by="esra", part=case.parts("commitment")[0], text="De aanbieder belt terug.")

    with service.tables.connect() as connection:
        cases = Cases(transaction_on(connection))
        whole, without = (read(UUID(case.id)) for read in (cases.history, cases.history_without_notes))
    settings, today = RULES.settings.default, day_in_amsterdam(whole[-1].recorded_at)

    assert {entry.trigger for entry in whole if entry not in without} == {"add_note"}
    assert _sorted(fold_facts(whole, KINDS)) == _sorted(fold_facts(without, KINDS))
    assert attention_reasons(whole, settings, today) == attention_reasons(without, settings, today)


def _sorted(facts: Any) -> Any:
    """The facts with their parts in a fixed order: no guard looks at the order."""
    return replace(facts, parts=tuple(sorted(facts.parts, key=lambda part: part.id)))


def pages_of(people: People, by: str, path: str, member: str, **query: Any) -> list[Json]:
    """Every item, read page by page."""
    items: list[Json] = []
    while True:
        answer = people[by].get(path, params=query)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()[member]) <= query["limit"]
        items += answer.json()[member]
        if answer.json()["nextCursor"] is None:
            return items
        assert answer.json()["nextCursor"] != query.get("cursor"), "a page leads to itself"
        query["cursor"] = answer.json()["nextCursor"]


@broken_by(
    "The pages of a history and of a file hold all that the whole holds",
    "service/cases/use_cases/read_content.py",
    "return page, page[-1].sequence if len(entries) > extent.limit else None",
    "return page, None",
)
@pytest.mark.parametrize("by", ["carla", "anna"])
@pytest.mark.parametrize(("path", "member"), [("transitions", "transitions"), ("file", "documents")])
@pytest.mark.parametrize("moment", [{}, {"sequence": NOTES}])
def test_the_pages_together_are_the_whole(
    people: People, long_case: CaseFile, by: str, path: str, member: str, moment: Json
) -> None:
    """A correction on a later page is told on the earlier one, and the whole is what it was for older clients."""
    address = f"{long_case.path}/{path}"
    whole = people[by].get(address, params=moment).json()

    assert whole["nextCursor"] is None
    assert len(whole[member]) > 20
    for limit in (1, 7, 200):
        assert pages_of(people, by, address, member, limit=limit, **moment) == whole[member]


@pytest.fixture
def case_of_many(case: CaseFile) -> CaseFile:
    """A case with more entries than a page in each of its other lists."""
    case.go_to("arranging_placement")
    line = next(part for part in case.parts("commitment") if part["addressee"])
    for number in range(MANY):
        case.fire("add_note", by=("ivo", "esra")[number % 2], part=line, text=f"Nummer {number}.")
        case.fire("refuse", by="ivo", part=line)
        case.fire("ask_again", part=line)
        case.fire("revise_advice")
        case.ask_about_file()
        hold = case.people.esra.post(f"{case.path}/legal-holds", {"reason": {"code": "inspection"}})
        assert hold.status_code == 201, hold.text
    return case


LISTS = ("history of a part", "commitments", "file-requests", "refusals", "advices", "legal-holds")


def address_of(case: CaseFile, name: str) -> tuple[str, str]:
    """Returns (path of this list, member that holds its items)."""
    if name == "history of a part":
        line = next(part for part in case.parts("commitment") if part["addressee"])
        return f"{case.address(line)}/transitions", "transitions"
    return f"{case.path}/{name}", "items"


@broken_by(
    "The pages of the history of a part hold all that the whole holds",
    "service/cases/use_cases/read_content.py",
    "return page, page[-1].part_sequence if len(entries) > extent.limit else None",
    "return page, None",
)
@broken_by(
    "The pages of the parts, refusals, advices and holds of a case hold each item once",
    "service/database/paging.py",
    "if position_of(item) > last]",
    "if position_of(item) >= last]",
)
@broken_by(
    "The parts of one kind are in the order of their cursors",
    "service/cases/api/parts.py",
    "parts = sorted((part for part in reading.parts if part.kind == kind), key=_position)",
    "parts = [part for part in reversed(reading.parts) if part.kind == kind]",
)
def test_the_pages_of_each_list_of_a_case_are_together_the_whole(people: People, case_of_many: CaseFile) -> None:
    """And the whole is what clients of released documents get, who ask no page."""
    for name in LISTS:
        address, member = address_of(case_of_many, name)
        whole = people.esra.get(address).json()

        assert whole["nextCursor"] is None
        assert len(whole[member]) >= (2 if name == "commitments" else MANY), name
        for limit in (1, 3, 200):
            assert pages_of(people, "esra", address, member, limit=limit) == whole[member], name


def test_a_reader_of_a_part_and_a_past_view_have_the_same_pages(people: People, case_of_many: CaseFile) -> None:
    """A page tells a reader of a part nothing of the rest: no sequence of the case stands in it."""
    history, _ = address_of(case_of_many, "history of a part")
    middle = case_of_many.history()[-8]["sequence"]

    readers: list[tuple[str, str, str, Json]] = [
        ("ivo", history, "transitions", {}),
        ("ivo", f"{case_of_many.path}/advices", "items", {}),
        *(("esra", *address_of(case_of_many, name), {"sequence": middle}) for name in LISTS if name != "legal-holds"),
    ]
    for by, address, member, moment in readers:
        whole = people[by].get(address, params=moment).json()[member]
        assert len(whole) > 1
        assert pages_of(people, by, address, member, limit=1, **moment) == whole
    assert {entry["sequence"] for entry in people.ivo.get(f"{history}?limit=3").json()["transitions"]} == {None}


def test_each_page_of_a_part_carries_the_version_of_the_part(people: People, case_of_many: CaseFile) -> None:
    address, _ = address_of(case_of_many, "history of a part")
    whole, page = (people.ivo.get(f"{address}{query}") for query in ("", "?limit=1"))

    assert whole.headers["etag"] == page.headers["etag"] == f'"{len(whole.json()["transitions"])}"'


@broken_by(
    "A page of the history of a part reads the entries of the page",
    "service/cases/store/cases.py",
    '_PAGE_OF_PART = _PART_AFTER.limit(bindparam("limit"))',
    "_PAGE_OF_PART = _PART_AFTER.limit(200)",
)
def test_a_page_of_a_part_reads_no_note_of_another_page(
    people: People, case: CaseFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.go_to("arranging_placement")
    line = case.parts("commitment")[0]
    rows = CountedRows(monkeypatch)

    def read() -> int:
        return rows.during(lambda: people.carla.get(f"{case.address(line)}/transitions?limit=1"))

    def read_lists() -> list[int]:
        return [rows.during(partial(people.carla.get, f"{case.path}/{name}")) for name in ("advices", "refusals")]

    at_first, lists_at_first = read(), read_lists()
    for number in range(NOTES):
        case.fire("add_note", by="esra", part=line, text=f"Nummer {number}.")

    assert read() <= at_first + 1
    assert read_lists() == lists_at_first


@broken_by(
    "A cursor belongs to one list of one case",
    "service/cases/api/parts.py",
    'Cursors(transaction.keyring, f"{kind} {case_id}")',
    'Cursors(transaction.keyring, f"advices {case_id}")',
)
def test_a_cursor_belongs_to_the_list_for_which_it_was_made(people: People, case_of_many: CaseFile) -> None:
    addresses = {name: address_of(case_of_many, name)[0] for name in LISTS}
    cursors = {name: people.esra.get(f"{path}?limit=1").json()["nextCursor"] for name, path in addresses.items()}
    other_part = case_of_many.address(case_of_many.parts("commitment")[-1])
    addresses |= {"history": f"{case_of_many.path}/transitions", "other part": f"{other_part}/transitions"}

    for name, cursor in cursors.items():
        for other, path in addresses.items():
            answer = people.esra.get(path, params={"cursor": cursor})
            if other == name:
                assert answer.status_code == 200, answer.text
            else:
                assert faults_in(answer) == {("query", "cursor", "cursor_not_ours")}, (name, other)


def test_each_page_carries_the_version_of_the_case(people: People, long_case: CaseFile) -> None:
    whole, page = (people.carla.get(f"{long_case.path}/transitions{query}") for query in ("", "?limit=1"))

    assert whole.headers["etag"] == page.headers["etag"] == f'"{NOTES + 3}"'


def test_a_cursor_belongs_to_the_case_for_which_it_was_made(people: People, long_case: CaseFile) -> None:
    cursor = people.carla.get(f"{long_case.path}/transitions?limit=1").json()["nextCursor"]
    other = CaseFile.submitted(people)

    for path in ("transitions", "file"):
        answer = people.carla.get(f"{other.path}/{path}", params={"cursor": cursor})
        assert faults_in(answer) == {("query", "cursor", "cursor_not_ours")}
    rest = people.carla.get(f"{long_case.path}/transitions", params={"cursor": cursor}).json()
    assert [entry["sequence"] for entry in rest["transitions"]] == list(range(2, NOTES + 4))


def test_each_page_of_a_file_is_logged(people: People, long_case: CaseFile) -> None:
    def reads() -> int:
        log = people.quint.get(f"{long_case.path}/access-log", params={"limit": 200}).json()["items"]
        return sum(1 for line in log if line["activity"] == "read_case_file")

    before = reads()
    pages_of(people, "carla", f"{long_case.path}/file", "documents", limit=20)

    assert reads() == before + 2
