"""What the network, the national level and the liaison see of a case: before, while and after they are asked (I23, I9).

Every text of the case is a mark of its own; every published way of reading is tried with every part and every entry.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from api_tests.support.canaries import Canaries
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import rows
from api_tests.support.workflows import form_for, workflow_of

ASKED = ("sara", "tom", "ulla", "mila")
LISTS = (*(f"/work-items?whose={whose}" for whose in ("all", "mine", "organisation", "team")), "/cases?limit=9")
PARTS = (
    *("placements", "commitments", "fundings", "escalations", "questions", "reconsiderations", "follow-ups"),
    *("emergency-accesses", "file-requests"),
)
# What even those who may read the whole case only get of a case of their own team, or of their own family.
OF_WHO_ANSWERS_FOR_IT = {"coming-of-age", "access-log", "subject-access", "legal-holds"}
# What the request and the liaison's words say to a body. Who consented, and why the network was skipped, is not for it.
OF_THE_REQUEST = ("purpose", "regionTried", "question")
Told = dict[str, tuple[int, str]]


@dataclass
class Marked:
    """A case in which everything that is typed is a mark: `said` has the marks of each step by their place."""

    case: CaseFile
    canaries: Canaries
    said: dict[str, dict[str, str]]
    told: dict[str, dict[str, Told]] = field(default_factory=dict)

    def fire(self, trigger: str, step: str = "", *, part: dict[str, Any] | None = None, **how: Any) -> None:
        kind, by, before = part["kind"] if part else "case", how.pop("by", None), len(self.canaries.places)
        form = form_for(kind, trigger, **how)
        name = workflow_of(kind).definition.triggers[trigger].form
        marked = self.canaries.marked(name, form) if name and form else None
        grounds = self.canaries.mark("request", "/grounds")
        self.case.fire(trigger, part=part, by=by, form=marked, grounds=grounds)
        new = list(self.canaries.places.items())[before:]
        self.said[step or trigger] = {place: mark for mark, (_, place) in new}

    def marks(self, step: str, *members: str) -> set[str]:
        """The marks of a step, of these members of its form or of all it said."""
        said = self.said[step].items()
        return {mark for place, mark in said if not members or place.split("/")[1] in members}

    def part(self, kind: str, addressed_to: str) -> dict[str, Any]:
        mine = str(ORGANISATION_IDS[addressed_to])
        return next(part for part in self.case.parts(kind) if (part["addressee"] or {}).get("id") == mine)

    def ways_into(self, part: dict[str, Any]) -> set[str]:
        at = self.case.address(part)
        entries = {f"{at}/transitions/{number}" for number in range(1, part["version"] + 1)}
        return entries | {at, f"{at}/transitions", f"{at}/possible-transitions"}


def all_told(marked: Marked, published: list[str], key: str) -> Told:
    """Every answer about this case, by its path."""
    case = marked.case
    seen = case.seen()
    paths = [f"{path}&includeEnded=true&number={case.number}" for path in LISTS]
    for template in published:
        parts = [it for it in seen["parts"] if template.startswith(f"/cases/{{caseId}}/{_collection(it)}/")]
        for part in parts if "{partId}" in template else [seen["main"]]:
            for number in range(1, part["version"] + 1) if "{number}" in template else [1]:
                filled = {"caseId": case.id, "partId": part["id"], "number": number, "version": 1}
                paths.append(template.format(**filled))
    answers = {path: case.people[key].get(path) for path in paths}
    return {path: (answer.status_code, answer.text) for path, answer in answers.items()}


def _collection(part: dict[str, Any]) -> str:
    return f"{part['kind'].replace('_', '-')}s"


@pytest.fixture(scope="module")
def marked(people: People) -> Marked:
    """The network is asked, then the national support structure with a consultation of the CCE beside it."""
    document = people.esra.get("/openapi.json").json()["paths"]
    published = [path for path in document if path.startswith("/cases/{caseId}") and "get" in document[path]]
    canaries = Canaries()
    referral = canaries.marked("referral@1", form_for("case", "submit") or {})
    case = CaseFile.submitted(people, **referral)
    marked = Marked(case, canaries, {"submit": {place: mark for mark, (_, place) in canaries.places.items()}})

    def look(when: str) -> None:
        marked.told[when] = {key: all_told(marked, published, key) for key in ASKED}

    for trigger in ("start_triage", "schedule", "open_table", "draft_advice", "issue_advice", "start_arranging"):
        marked.fire(trigger)
    look("before")
    marked.fire("ask_network")
    marked.fire("remind", "nudge_network", part=marked.part("escalation", "ben-noord"), by="hanna")
    marked.fire("request_escalation")
    spoken = {"name": "Els van Dam", "organisation": "Een tafel verder", "role": "coördinator"}
    for step, level in (("to_steun", "national_support"), ("to_cce", "cce_consultation")):
        how = {"level": {"code": level}, "spoken_to": spoken, "explanation": "Graag samen."}
        marked.fire("escalate", step, part=marked.part("escalation", "cce"), **how)
    marked.fire("remind", "nudge_steun", part=marked.part("question", "steun"))
    look("during")
    marked.fire("record_network_answer", part=marked.part("escalation", "ben-noord"), by="sara")
    marked.fire("bring_back", "network_back", part=marked.part("escalation", "ben-noord"))
    marked.fire("record_answer", "steun_answers", part=marked.part("question", "steun"), by="tom")
    marked.fire("record_answer", "cce_answers", part=marked.part("question", "cce"), by="ulla")
    marked.fire("record_answer", "conclude", part=marked.part("escalation", "cce"), by="mila")
    marked.fire("bring_back", part=marked.part("escalation", "cce"), by="mila")
    look("after")
    return marked


def read(marked: Marked, when: str, key: str) -> set[str]:
    """The marks that this person got to read, wherever they stood."""
    text = "".join(text for _, text in marked.told[when][key].values())
    return {mark for mark in marked.canaries.places if f'{mark}"' in text}


def opened(marked: Marked, when: str, key: str) -> set[str]:
    return {path for path, (status, _) in marked.told[when][key].items() if status == 200} - lists(marked)


def lists(marked: Marked) -> set[str]:
    return {path for path in marked.told["before"]["sara"] if "?" in path}


def around(marked: Marked) -> set[str]:
    """What answers whoever was put a part of a case: its number, and lists of what of it is theirs."""
    at = marked.case.path
    return {at, f"{at}/advices", *(f"{at}/{name}" for name in PARTS)}


def own_part(marked: Marked, key: str) -> dict[str, Any]:
    kind, body = {
        "sara": ("escalation", "ben-noord"),
        "tom": ("question", "steun"),
        "ulla": ("question", "cce"),
        "mila": ("escalation", "cce"),
    }[key]
    return marked.part(kind, body)


def test_i23_nobody_beyond_the_region_knows_of_a_case_before_they_are_asked(marked: Marked) -> None:
    """The liaison's region or not: a case of hers is one that she was asked about."""
    told = marked.told["before"]
    everything = {(status, re.sub('"[0-9a-f]{32}"', "", text)) for it in told.values() for status, text in it.values()}

    assert {status for status, _ in everything} == {200, 404}
    assert [opened(marked, "before", key) for key in ASKED] == [set()] * 4
    assert {told[key][path][1] for key in ASKED for path in lists(marked)} == {'{"items":[],"nextCursor":null}'}
    assert [read(marked, "before", key) for key in ASKED] == [set()] * 4


@broken_by(
    "I23, issue 3.1: the national level sees its own question and not the escalation around it",
    "service/escalations/rules/kinds.py",
    "seen_by=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON})",
    "seen_by=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON, Role.NATIONAL_SUPPORT})",
    case="sqlite-during-ulla",
)
@pytest.mark.parametrize("key", ["sara", "tom", "ulla"])
@pytest.mark.parametrize("when", ["during", "after"])
def test_i23_a_body_sees_what_was_asked_of_it_and_nothing_else_of_the_case(marked: Marked, when: str, key: str) -> None:
    own, told = own_part(marked, key), marked.told[when][key]
    others = {part["id"] for part in marked.case.seen()["parts"]} - {own["id"]}
    text = "".join(text for _, text in told.values())

    ways = marked.ways_into(own) & set(told)
    assert opened(marked, when, key) == around(marked) | ways
    assert {status for status, _ in told.values()} == {200, 404}
    assert {id_ for id_ in others if f'"{id_}"' in text} == set()
    assert not [it for it in ("consent", "digest", "waitingDays", '"sequence":1', '"cause":1') if it in text]
    assert told[f"{marked.case.path}/advices"][1] == '{"items":[]}'


READ_DURING = {
    "sara": [("ask_network", OF_THE_REQUEST), ("nudge_network", ())],
    "tom": [
        ("request_escalation", ("purpose", "regionTried")),
        ("to_steun", ("level", "question", "explanation")),
        ("nudge_steun", ()),
    ],
    "ulla": [
        ("request_escalation", ("purpose", "regionTried")),
        ("to_cce", ("level", "question", "explanation")),
    ],
}
READ_AFTER: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "sara": [*READ_DURING["sara"], ("record_network_answer", ()), ("network_back", ())],
    "tom": [*READ_DURING["tom"], ("steun_answers", ())],
    "ulla": [*READ_DURING["ulla"], ("cce_answers", ())],
    # The request, her own words to every body, and what she brought back: not what the bodies wrote in their questions.
    "mila": [
        ("request_escalation", ("level", *OF_THE_REQUEST)),
        *((step, ()) for step in ("to_steun", "to_cce", "conclude", "bring_back")),
    ],
}


@broken_by(
    "I23: who consented to the sharing is not told to whoever is asked beyond the region",
    "service/escalations/rules/kinds.py",
    'QUESTION_AS_PUT = ("level",',
    'QUESTION_AS_PUT = ("consents", "level",',
    case="sqlite-during-sara",
)
@pytest.mark.parametrize(
    ("when", "key"), [*(("during", key) for key in READ_DURING), *(("after", key) for key in READ_AFTER)]
)
def test_i23_what_is_read_is_the_question_as_it_was_put_and_what_was_written_in_the_part_itself(
    marked: Marked, when: str, key: str
) -> None:
    """Every text that anybody typed anywhere else in the case is a mark too, and none of these is found."""
    expected = (READ_DURING if when == "during" else READ_AFTER)[key]

    assert read(marked, when, key) == set().union(*(marked.marks(step, *members) for step, members in expected))


@broken_by(
    "I9, issue 3.1: the liaison sees the whole case only while an escalation is open",
    "service/cases/store/visibility.py",
    '            _escalation.c.phase != "ended",\n',
    "",
)
def test_i9_the_liaison_reads_the_whole_case_as_long_as_she_is_asked_and_her_own_part_of_it_afterwards(
    marked: Marked,
) -> None:
    during, after = marked.told["during"]["mila"], opened(marked, "after", "mila")
    hers = own_part(marked, "mila")

    refused = {path for path, (status, _) in during.items() if status != 200}
    assert refused == {f"{marked.case.path}/{it}" for it in OF_WHO_ANSWERS_FOR_IT}
    written_later = ("record_network_answer", "network_back", "steun_answers", "cce_answers", "conclude", "bring_back")
    later = set().union(*(marked.marks(step) for step in written_later))
    assert read(marked, "during", "mila") == set(marked.canaries.places) - later
    assert after == around(marked) | marked.ways_into(hers)
    assert {path for path in lists(marked) if hers["id"] in marked.told["after"]["mila"][path][1]} == {
        path for path in lists(marked) if "whose=all" in path
    }


def test_i18_reading_a_question_is_logged_like_all_other_content(service: Running, marked: Marked) -> None:
    query = f"SELECT * FROM access_log WHERE case_id = '{marked.case.id}'"
    logged = [row for row in rows(service, query) if row["object_detail"].startswith("question#")]

    readers = {(it["user_id"], it["role"], it["purpose"]) for it in logged}
    assert readers == {
        (str(PERSON_IDS["sara"]), "expertise_network", "answering_beyond_the_region"),
        (str(PERSON_IDS["tom"]), "national_support", "answering_beyond_the_region"),
        (str(PERSON_IDS["ulla"]), "national_support", "answering_beyond_the_region"),
        (str(PERSON_IDS["mila"]), "cce_liaison", "escalation"),
    }
