"""Sight of a case for the network, national level and liaison: before, while and after they are asked (I23, I9).

Every text of the case is a unique mark. Every published read is tried with every part and every entry.
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
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import rows
from api_tests.support.workflows import form_for, workflow_of

ASKED = ("sara", "tom", "ulla", "mila")
LISTS = (*(f"/work-items?whose={whose}" for whose in ("all", "mine", "organisation", "team")), "/cases?limit=9")
PARTS = (
    *("placements", "commitments", "fundings", "escalations", "questions", "reconsiderations", "follow-ups"),
    *("emergency-accesses", "file-requests", "entry-destructions"),
)
# Reads that even a reader of the whole case has only for a case of their own team or family.
READS_OF_THE_RESPONSIBLE = {"coming-of-age", "access-log", "subject-access", "legal-holds"}
# Fields of the request that a body may read: neither who consented nor why the network was skipped.
REQUEST_FIELDS = ("purpose", "regionTried", "question")
Answers = dict[str, tuple[int, str]]


@dataclass
class MarkedCase:
    """A case in which every typed text is a mark: `marks_by_step` has the marks of each step by their place."""

    case: CaseFile
    canaries: Canaries
    marks_by_step: dict[str, dict[str, str]]
    answers: dict[str, dict[str, Answers]] = field(default_factory=dict)

    def fire(self, trigger: str, step: str = "", *, part: dict[str, Any] | None = None, **how: Any) -> None:
        kind, by, place_count = part["kind"] if part else "case", how.pop("by", None), len(self.canaries.places)
        form = form_for(kind, trigger, **how)
        name = workflow_of(kind).definition.triggers[trigger].form
        marked_form = self.canaries.mark_form(name, form) if name and form else None
        grounds = self.canaries.mark("request", "/grounds")
        self.case.fire(trigger, part=part, by=by, form=marked_form, grounds=grounds)
        new_marks = list(self.canaries.places.items())[place_count:]
        self.marks_by_step[step or trigger] = {place: mark for mark, (_, place) in new_marks}

    def marks(self, step: str, *members: str) -> set[str]:
        """Returns the marks of a step: of these members of its form, or of all its texts."""
        step_marks = self.marks_by_step[step].items()
        return {mark for place, mark in step_marks if not members or place.split("/")[1] in members}

    def part(self, kind: str, addressed_to: str) -> dict[str, Any]:
        organisation = str(ORGANISATION_IDS[addressed_to])
        return next(part for part in self.case.parts(kind) if (part["addressee"] or {}).get("id") == organisation)

    def paths_of(self, part: dict[str, Any]) -> set[str]:
        path = self.case.address(part)
        entries = {f"{path}/transitions/{number}" for number in range(1, part["version"] + 1)}
        return entries | {path, f"{path}/transitions", f"{path}/possible-transitions"}


def all_answers(marked_case: MarkedCase, published: list[str], key: str) -> Answers:
    """Returns every answer about this case by its path: (status, text)."""
    case = marked_case.case
    view = case.view()
    paths = [f"{path}&includeEnded=true&number={case.number}" for path in LISTS]
    for template in published:
        parts = [part for part in view["parts"] if template.startswith(f"/cases/{{caseId}}/{_collection(part)}/")]
        for part in parts if "{partId}" in template else [view["main"]]:
            for number in range(1, part["version"] + 1) if "{number}" in template else [1]:
                filled = {"caseId": case.id, "partId": part["id"], "number": number, "version": 1}
                paths.append(template.format(**filled))
    answers = {path: case.people[key].get(path) for path in paths}
    return {path: (answer.status_code, answer.text) for path, answer in answers.items()}


def _collection(part: dict[str, Any]) -> str:
    return f"{part['kind'].replace('_', '-')}s"


@pytest.fixture(scope="module")
def marked_case(people: People) -> MarkedCase:
    """The network is asked, then the national support structure and, beside it, the CCE."""
    document = people.esra.get("/openapi.json").json()["paths"]
    published = [path for path in document if path.startswith("/cases/{caseId}") and "get" in document[path]]
    canaries = Canaries()
    referral = canaries.mark_form("referral@1", form_for("case", "submit") or {})
    case = CaseFile.submitted(people, **referral)
    marked_case = MarkedCase(case, canaries, {"submit": {place: mark for mark, (_, place) in canaries.places.items()}})

    def read_everything(when: str) -> None:
        marked_case.answers[when] = {key: all_answers(marked_case, published, key) for key in ASKED}

    for trigger in ("start_triage", "schedule", "open_table", "draft_advice", "issue_advice", "start_arranging"):
        marked_case.fire(trigger)
    read_everything("before")
    marked_case.fire("ask_network")
    marked_case.fire("remind", "nudge_network", part=marked_case.part("escalation", "ben-noord"), by="hanna")
    marked_case.fire("request_escalation")
    contact = {"name": "Els van Dam", "organisation": "Een tafel verder", "role": "coördinator"}
    for step, level in (("to_steun", "national_support"), ("to_cce", "cce_consultation")):
        changes = {"level": {"code": level}, "spoken_to": contact, "explanation": "Graag samen."}
        marked_case.fire("escalate", step, part=marked_case.part("escalation", "cce"), **changes)
    marked_case.fire("remind", "nudge_steun", part=marked_case.part("question", "steun"))
    read_everything("during")
    marked_case.fire("record_network_answer", part=marked_case.part("escalation", "ben-noord"), by="sara")
    marked_case.fire("bring_back", "network_back", part=marked_case.part("escalation", "ben-noord"))
    marked_case.fire("record_answer", "steun_answers", part=marked_case.part("question", "steun"), by="tom")
    marked_case.fire("record_answer", "cce_answers", part=marked_case.part("question", "cce"), by="ulla")
    marked_case.fire("record_answer", "conclude", part=marked_case.part("escalation", "cce"), by="mila")
    marked_case.fire("bring_back", part=marked_case.part("escalation", "cce"), by="mila")
    read_everything("after")
    return marked_case


def marks_read(marked_case: MarkedCase, when: str, key: str) -> set[str]:
    """Returns the marks that stand anywhere in the answers to this person."""
    text = "".join(text for _, text in marked_case.answers[when][key].values())
    return {mark for mark in marked_case.canaries.places if f'{mark}"' in text}


def opened_paths(marked_case: MarkedCase, when: str, key: str) -> set[str]:
    answers = marked_case.answers[when][key]
    return {path for path, (status, _) in answers.items() if status == 200} - list_paths(marked_case)


def list_paths(marked_case: MarkedCase) -> set[str]:
    return {path for path in marked_case.answers["before"]["sara"] if "?" in path}


def paths_of_every_addressee(marked_case: MarkedCase) -> set[str]:
    """Paths that answer everybody who was put a part of the case: its number, and lists of their own parts."""
    path = marked_case.case.path
    return {path, f"{path}/advices", *(f"{path}/{name}" for name in PARTS)}


def own_part(marked_case: MarkedCase, key: str) -> dict[str, Any]:
    kind, body = {
        "sara": ("escalation", "ben-noord"),
        "tom": ("question", "steun"),
        "ulla": ("question", "cce"),
        "mila": ("escalation", "cce"),
    }[key]
    return marked_case.part(kind, body)


def test_i23_nobody_beyond_the_region_knows_of_a_case_before_they_are_asked(marked_case: MarkedCase) -> None:
    """A case is one of the liaison's only if she was asked about it, also in her own region."""
    answers = marked_case.answers["before"]
    everything = {
        (status, re.sub('"[0-9a-f]{32}"', "", text))
        for by_path in answers.values()
        for status, text in by_path.values()
    }

    assert {status for status, _ in everything} == {200, 404}
    assert [opened_paths(marked_case, "before", key) for key in ASKED] == [set()] * 4
    assert {answers[key][path][1] for key in ASKED for path in list_paths(marked_case)} == {
        '{"items":[],"nextCursor":null}'
    }
    assert [marks_read(marked_case, "before", key) for key in ASKED] == [set()] * 4


@broken_by(
    "I23: a body at the national level sees its own question and not the escalation",
    "service/escalations/rules/kinds.py",
    "addressee_roles=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON})",
    "addressee_roles=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON, Role.NATIONAL_SUPPORT})",
    case="sqlite-during-ulla",
)
@pytest.mark.parametrize("key", ["sara", "tom", "ulla"])
@pytest.mark.parametrize("when", ["during", "after"])
def test_i23_a_body_sees_what_was_asked_of_it_and_nothing_else_of_the_case(
    marked_case: MarkedCase, when: str, key: str
) -> None:
    part, answers = own_part(marked_case, key), marked_case.answers[when][key]
    other_parts = {part["id"] for part in marked_case.case.view()["parts"]} - {part["id"]}
    text = "".join(text for _, text in answers.values())

    paths = marked_case.paths_of(part) & set(answers)
    assert opened_paths(marked_case, when, key) == paths_of_every_addressee(marked_case) | paths
    assert {status for status, _ in answers.values()} == {200, 404}
    assert {id_ for id_ in other_parts if f'"{id_}"' in text} == set()
    assert not [word for word in ("consent", "digest", "waitingDays", '"sequence":1', '"cause":1') if word in text]
    assert answers[f"{marked_case.case.path}/advices"][1] == '{"items":[],"nextCursor":null}'


READ_DURING = {
    "sara": [("ask_network", REQUEST_FIELDS), ("nudge_network", ())],
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
        ("request_escalation", ("level", *REQUEST_FIELDS)),
        *((step, ()) for step in ("to_steun", "to_cce", "conclude", "bring_back")),
    ],
}


@broken_by(
    "I23: a body beyond the region does not see the names of those who consented to sharing",
    "service/escalations/rules/kinds.py",
    'QUESTION_FIELDS = ("level",',
    'QUESTION_FIELDS = ("consents", "level",',
    case="sqlite-during-sara",
)
@pytest.mark.parametrize(
    ("when", "key"), [*(("during", key) for key in READ_DURING), *(("after", key) for key in READ_AFTER)]
)
def test_i23_a_body_reads_the_question_as_it_was_put_and_the_texts_of_its_own_part(
    marked_case: MarkedCase, when: str, key: str
) -> None:
    """Every text typed elsewhere in the case is a mark too. None of these is read."""
    expected = (READ_DURING if when == "during" else READ_AFTER)[key]

    assert marks_read(marked_case, when, key) == set().union(
        *(marked_case.marks(step, *members) for step, members in expected)
    )


@broken_by(
    "I9: the liaison sees the whole case only while an escalation is open",
    "service/cases/store/visibility.py",
    '            _escalation.c.phase != "ended",\n',
    "",
)
def test_i9_the_liaison_reads_the_whole_case_as_long_as_she_is_asked_and_her_own_part_of_it_afterwards(
    marked_case: MarkedCase,
) -> None:
    answers, paths_after = marked_case.answers["during"]["mila"], opened_paths(marked_case, "after", "mila")
    her_part = own_part(marked_case, "mila")

    refused_paths = {path for path, (status, _) in answers.items() if status != 200}
    assert refused_paths == {f"{marked_case.case.path}/{name}" for name in READS_OF_THE_RESPONSIBLE}
    later_steps = ("record_network_answer", "network_back", "steun_answers", "cce_answers", "conclude", "bring_back")
    later_marks = set().union(*(marked_case.marks(step) for step in later_steps))
    assert marks_read(marked_case, "during", "mila") == set(marked_case.canaries.places) - later_marks
    assert paths_after == paths_of_every_addressee(marked_case) | marked_case.paths_of(her_part)
    assert {
        path for path in list_paths(marked_case) if her_part["id"] in marked_case.answers["after"]["mila"][path][1]
    } == {path for path in list_paths(marked_case) if "whose=all" in path}


def test_i18_reading_a_question_is_logged_like_all_other_content(
    service: RunningService, marked_case: MarkedCase
) -> None:
    query = f"SELECT * FROM access_log WHERE case_id = '{marked_case.case.id}'"
    lines = [row for row in rows(service, query) if row["object_detail"].startswith("question#")]

    readers = {(line["user_id"], line["role"], line["purpose"]) for line in lines}
    assert readers == {
        (str(PERSON_IDS["sara"]), "expertise_network", "answering_beyond_the_region"),
        (str(PERSON_IDS["tom"]), "national_support", "answering_beyond_the_region"),
        (str(PERSON_IDS["ulla"]), "national_support", "answering_beyond_the_region"),
        (str(PERSON_IDS["mila"]), "cce_liaison", "escalation"),
    }
