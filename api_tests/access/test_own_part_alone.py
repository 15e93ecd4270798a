"""A provider and a payer see what is put to them, and nothing else of the case (I23)."""

import json
from typing import Any

import pytest

from api_tests.support.case_file import COLLECTIONS
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import SharedCase, advice_of_two, help_arranged

ADVICE = advice_of_two()
LINES = {line["key"]: line for line in ADVICE["lines"]}
# Haarlem, where the child lives, pays for line C as well: no other payer was named.
MORE_PARTS = {"karim": ("funding C",)}
PART_COLLECTIONS = [collection for collection in COLLECTIONS.values() if collection]
ADDRESSED = {"ivo": "commitment A", "joke": "commitment B", "karim": "funding A", "lotte": "funding B"}


@pytest.fixture(scope="module")
def scene(people: People) -> SharedCase:
    """The family consented to sharing with providers."""
    return help_arranged(people)


@pytest.fixture(scope="module")
def closed_scene(people: People) -> SharedCase:
    """The family consented to the table and to nothing else."""
    return help_arranged(people, sharing=False)


def advice_for(people: People, key: str, scene: SharedCase) -> dict[str, Any]:
    answer = people[key].get(f"{scene.case.path}/advices/1")
    assert answer.status_code == 200
    advice: dict[str, Any] = answer.json()
    return advice


@broken_by(
    "I23: an addressee does not see parts that are addressed to another organisation",
    "service/cases/store/visibility.py",
    "and_(parts.c.addressee_id.in_(addressed), parts.c.kind.in_(kinds))",
    "parts.c.kind.in_(kinds)",
)
@broken_by(
    "I23: an addressee of a part sees no other part of the case",
    "service/cases/store/cases.py",
    "may_see_part(seen_by).is_(true())",
    "true()",
    case="sqlite-ivo",
)
@pytest.mark.parametrize("key", ADDRESSED)
def test_i23_an_addressee_sees_their_own_part_and_no_other(people: People, scene: SharedCase, key: str) -> None:
    own_ids = [scene.parts[name]["id"] for name in (ADDRESSED[key], *MORE_PARTS.get(key, ()))]

    view = people[key].get(scene.case.path).json()
    items = [item for name in PART_COLLECTIONS for item in people[key].get(f"{scene.case.path}/{name}").json()["items"]]
    work_items = people[key].get("/work-items", params={"whose": "all", "number": scene.case.number}).json()["items"]

    assert set(view) == {"id", "number", "parts"}
    assert [part["id"] for part in view["parts"]] == [item["id"] for item in items] == own_ids
    assert {item["part"]["id"] for item in work_items} == {*own_ids}


@broken_by(
    "I23: a work list shows an addressee neither the state, the region nor the age of the case",
    "service/caseload/store.py",
    '_to_whole_case(columns) if columns["whole"] else None',
    "_to_whole_case(columns)",
)
@broken_by(
    "I23: an entry of a part does not show an addressee its number in the whole case",
    "service/cases/api/presenter.py",
    "sequence=entry.sequence if whole else None",
    "sequence=entry.sequence",
)
@pytest.mark.parametrize("key", ADDRESSED)
def test_i23_no_number_of_the_whole_case_is_told_with_a_part(people: People, scene: SharedCase, key: str) -> None:
    path = scene.path(ADDRESSED[key])

    history = people[key].get(f"{path}/transitions").json()["transitions"]
    entry = people[key].get(f"{path}/transitions/1").json()["entry"]
    note = people[key].post(
        f"{path}/transitions", {"trigger": "add_note", "form": {"text": "Gebeld."}}, version=history[-1]["partSequence"]
    )
    work_items = people[key].get("/work-items", params={"whose": "all", "number": scene.case.number}).json()["items"]

    entries = [*history, entry, note.json()["transition"]]
    assert note.status_code == 201
    assert [(step["sequence"], step["cause"]) for step in entries] == [(None, None)] * len(entries)
    assert {(item["caseState"], item["region"], item["waitingSince"]) for item in work_items} == {(None, None, None)}
    assert "digest" not in note.text
    assert "waitingDays" not in note.text


@broken_by(
    "I23: a goal that a provider reads does not name the lines of other parties",
    "service/advice/rules/addressee_lines.py",
    "if key in lines]}",
    "if key]}",
)
def test_i23_a_provider_reads_its_own_line_and_its_goals_where_sharing_was_consented_to(
    people: People, scene: SharedCase
) -> None:
    advice = advice_for(people, "joke", scene)["advice"]

    goal = next(goal for goal in ADVICE["goals"] if "B" in goal["lines"])
    assert advice["lines"] == [LINES["B"]]
    assert advice["goals"] == [goal | {"lines": ["B"]}]


def test_i17_dissent_and_the_familys_statement_stand_with_the_advice_for_every_reader_of_it(
    people: People, scene: SharedCase
) -> None:
    readers = ("anna", "carla", "daan", "esra", "hanna", "mila", "ivo", "joke")

    advices = [advice_for(people, key, scene)["advice"] for key in readers]

    statements = (ADVICE["dissent"], ADVICE["familyStatement"])
    assert [(advice["dissent"], advice["familyStatement"]) for advice in advices] == [statements] * len(readers)


@broken_by(
    "I23: a provider reads no words of the advice without consent to sharing",
    "service/advice/use_cases.py",
    "shared = SHARING_PURPOSES[Role.PROVIDER] in fold_facts(history, KINDS).consented_purposes",
    "shared = True",
)
def test_i23_a_provider_gets_the_line_without_words_where_sharing_was_not_consented_to(
    people: People, closed_scene: SharedCase
) -> None:
    advice = advice_for(people, "joke", closed_scene)["advice"]

    assert advice == {
        "lines": [
            {
                "key": "B",
                "domain": {"code": "treatment"},
                "productCategory": {"code": "54"},
                "law": {"code": "jeugdwet"},
                "latestStartOn": LINES["B"]["latestStartOn"],
                "bridging": False,
            }
        ]
    }


def test_i23_a_legal_ground_opens_the_words_as_consent_does(people: People) -> None:
    ground = {
        "kind": {"code": "legal_ground"},
        "ground": {"code": "youth_probation"},
        "purposes": [{"code": "discuss_at_table"}, {"code": "share_with_providers"}],
        "givenOn": "2025-02-03",
    }
    scene = help_arranged(people, consents=[ground])

    advice = advice_for(people, "joke", scene)["advice"]

    assert advice["lines"] == [LINES["B"]]


@broken_by(
    "I23: a payer does not see the aim of a line",
    "service/advice/rules/addressee_lines.py",
    '_CODED_FIELDS = ("key",',
    '_CODED_FIELDS = ("aim", "key",',
)
@broken_by(
    "I23: a payer that the system found sees the line that it pays for",
    "service/advice/rules/addressee_lines.py",
    " | _lines_with_payer_found(form, parts, payers_asked)",
    "",
    case="sqlite-karim-A-True",
)
@pytest.mark.parametrize("consented", [True, False])
@pytest.mark.parametrize(("key", "line"), [("karim", "A"), ("lotte", "B")])
def test_i23_a_payer_sees_what_is_to_be_paid_for_and_neither_aim_nor_goals(
    people: People, scene: SharedCase, closed_scene: SharedCase, key: str, line: str, consented: bool
) -> None:
    advice = advice_for(people, key, scene if consented else closed_scene)["advice"]

    paid_for = ("key", "domain", "productCategory", "law", "latestStartOn", "duration", "bridging")
    lines = [line, *(name.removeprefix("funding ") for name in MORE_PARTS.get(key, ()))]
    assert advice == {
        "lines": [{name: LINES[letter][name] for name in paid_for if name in LINES[letter]} for letter in lines]
    }


@pytest.mark.parametrize("key", ADDRESSED)
def test_i23_the_words_of_the_referral_and_of_other_lines_reach_nobody_who_is_addressed(
    people: People, scene: SharedCase, key: str
) -> None:
    other_aims = [line["aim"] for line in ADVICE["lines"] if line["key"] not in ADDRESSED[key]]
    file = scene.case.people.esra.get(f"{scene.case.path}/file").json()
    question = file["documents"][0]["form"]["question"]
    own_part = scene.path(ADDRESSED[key])
    paths = [scene.case.path, f"{scene.case.path}/advices", f"{scene.case.path}/advices/1", own_part]
    paths += [f"{own_part}/{rest}" for rest in ("transitions", "transitions/1", "possible-transitions")]

    answers = json.dumps([people[key].get(path).json() for path in paths], ensure_ascii=False)

    assert [words for words in (*other_aims, question, ADVICE["childVersion"]) if words in answers] == []
    assert str(ORGANISATION_IDS["duinhuis" if key == "ivo" else "de-veste"]) not in answers


@broken_by(
    "I23: an addressee does not see a version of the advice without a line for them",
    "service/advice/use_cases.py",
    'if sight.may_read_case or not lines.isdisjoint(entry.codes.get("line", ()))',
    "if lines or sight",
)
def test_i23_a_version_of_the_advice_without_a_line_of_theirs_does_not_exist_for_them(people: People) -> None:
    scene = help_arranged(people)
    form = advice_of_two("revise_advice")
    form["lines"] = [line for line in form["lines"] if line["key"] != "A"]
    form["goals"] = [goal | {"lines": [key for key in goal["lines"] if key != "A"]} for goal in form["goals"]]
    scene.case.fire("revise_advice", form=form)

    def versions(key: str) -> list[int]:
        return [item["version"] for item in people[key].get(f"{scene.case.path}/advices").json()["items"]]

    assert {key: versions(key) for key in ("esra", "ivo", "joke", "karim", "lotte")} == {
        "esra": [1, 2],
        "ivo": [1],
        "joke": [1, 2],
        "karim": [1, 2],  # line C of the second
        "lotte": [1, 2],
    }
    assert people.ivo.get(f"{scene.case.path}/advices/2").status_code == 404


def test_i23_a_line_never_goes_to_another_provider_under_its_old_letter(people: People) -> None:
    scene = help_arranged(people)
    form = advice_of_two("revise_advice")
    form["lines"][1]["providerId"] = str(ORGANISATION_IDS["de-veste"])

    refusal = scene.case.attempt("revise_advice", form=form)

    assert refusal.status_code == 400
    assert [error["code"] for error in refusal.json()["errors"]] == ["line_keeps_its_provider"]
    assert people.joke.get(f"{scene.case.path}/advices/2").status_code == 404
