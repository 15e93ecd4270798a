"""A case with very many notes: a step reads none of them, and history and file come in pages (decision 0036)."""

from dataclasses import replace
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
    '.limit(bindparam("limit"))',
    ".limit(200)",
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
