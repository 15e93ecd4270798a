"""A provider and a payer see what is put to them, and nothing else of the case (I23)."""

import json
from typing import Any

import pytest

from api_tests.support.case_file import COLLECTIONS
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import Scene, advice_of_two, help_arranged

ADVICE = advice_of_two()
LINES = {line["key"]: line for line in ADVICE["lines"]}
# Haarlem pays for line C as well, where the child lives: nobody else was named for it.
ALSO = {"karim": ("funding C",)}
OF_PARTS = [collection for collection in COLLECTIONS.values() if collection]
ADDRESSED = {"ivo": "commitment A", "joke": "commitment B", "karim": "funding A", "lotte": "funding B"}


@pytest.fixture(scope="module")
def scene(people: People) -> Scene:
    """The family consented to sharing with providers."""
    return help_arranged(people)


@pytest.fixture(scope="module")
def closed_scene(people: People) -> Scene:
    """The family consented to the table and to nothing else."""
    return help_arranged(people, sharing=False)


def advice_for(people: People, key: str, scene: Scene) -> dict[str, Any]:
    answer = people[key].get(f"{scene.case.path}/advices/1")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@broken_by(
    "I23: a provider and a payer see what is put to them alone",
    "service/cases/store/visibility.py",
    "and_(parts.c.addressee_id.in_(addressed), parts.c.kind.in_(kinds))",
    "parts.c.kind.in_(kinds)",
)
@broken_by(
    "I23: whoever sees only what is put to them sees no other part of the case",
    "service/cases/store/cases.py",
    "visible(seen_by).is_(true())",
    "true()",
    case="sqlite-ivo",
)
@pytest.mark.parametrize("key", ADDRESSED)
def test_i23_whoever_is_addressed_sees_their_own_part_and_no_other(people: People, scene: Scene, key: str) -> None:
    own = [scene.parts[name]["id"] for name in (ADDRESSED[key], *ALSO.get(key, ()))]

    seen = people[key].get(scene.case.path).json()
    listed = [item for name in OF_PARTS for item in people[key].get(f"{scene.case.path}/{name}").json()["items"]]
    work = people[key].get("/work-items", params={"whose": "all", "number": scene.case.number}).json()["items"]

    assert set(seen) == {"id", "number", "parts"}
    assert [part["id"] for part in seen["parts"]] == [it["id"] for it in listed] == own
    assert {it["part"]["id"] for it in work} == {*own}


@broken_by(
    "I23: a work list does not tell an addressed party where the case stands",
    "service/caseload/store.py",
    'columns["case_state"] if columns["whole"] else None',
    'columns["case_state"]',
)
@broken_by(
    "I23: the number in the whole case is not told with a part",
    "service/cases/api/presenter.py",
    "sequence=entry.sequence if whole else None",
    "sequence=entry.sequence",
)
@pytest.mark.parametrize("key", ADDRESSED)
def test_i23_no_number_of_the_whole_case_is_told_with_a_part(people: People, scene: Scene, key: str) -> None:
    path = scene.path(ADDRESSED[key])

    history = people[key].get(f"{path}/transitions").json()["transitions"]
    entry = people[key].get(f"{path}/transitions/1").json()["entry"]
    noted = people[key].post(
        f"{path}/transitions", {"trigger": "add_note", "form": {"text": "Gebeld."}}, version=history[-1]["partSequence"]
    )
    work = people[key].get("/work-items", params={"whose": "all", "number": scene.case.number}).json()["items"]

    told = [*history, entry, noted.json()["transition"]]
    assert noted.status_code == 201
    assert [(it["sequence"], it["cause"]) for it in told] == [(None, None)] * len(told)
    assert {it["caseState"] for it in work} == {None}
    assert "digest" not in noted.text
    assert "waitingDays" not in noted.text


@broken_by(
    "I23: a goal does not name other parties' lines",
    "service/advice/rules/own_lines.py",
    "if key in lines]}",
    "if key]}",
)
def test_i23_a_provider_reads_its_own_line_and_its_goals_where_sharing_was_consented_to(
    people: People, scene: Scene
) -> None:
    advice = advice_for(people, "joke", scene)["advice"]

    goal = next(it for it in ADVICE["goals"] if "B" in it["lines"])
    assert advice["lines"] == [LINES["B"]]
    assert advice["goals"] == [goal | {"lines": ["B"]}]


def test_i17_dissent_and_the_familys_statement_stand_beside_the_advice_for_whoever_reads_it(
    people: People, scene: Scene
) -> None:
    readers = ("anna", "carla", "daan", "esra", "hanna", "mila", "ivo", "joke")

    read = [advice_for(people, key, scene)["advice"] for key in readers]

    beside = (ADVICE["dissent"], ADVICE["familyStatement"])
    assert [(it["dissent"], it["familyStatement"]) for it in read] == [beside] * len(readers)


@broken_by(
    "I23: no words of the advice for a provider without consent to sharing",
    "service/advice/use_cases.py",
    "shared = SHARED_FOR[Role.PROVIDER] in fold(history, KINDS).consented",
    "shared = True",
)
def test_i23_a_provider_gets_the_line_without_words_where_sharing_was_not_consented_to(
    people: People, closed_scene: Scene
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
    "I23: a payer sees no aim",
    "service/advice/rules/own_lines.py",
    '_CODED_FIELDS = ("key",',
    '_CODED_FIELDS = ("aim", "key",',
)
@broken_by(
    "I23: a payer that the system found sees the line that it pays for",
    "service/advice/rules/own_lines.py",
    " | _lines_with_payer_found(form, parts, payers_asked)",
    "",
    case="sqlite-karim-A-True",
)
@pytest.mark.parametrize("consented", [True, False])
@pytest.mark.parametrize(("key", "line"), [("karim", "A"), ("lotte", "B")])
def test_i23_a_payer_sees_what_is_to_be_paid_for_and_neither_aim_nor_goals(
    people: People, scene: Scene, closed_scene: Scene, key: str, line: str, consented: bool
) -> None:
    advice = advice_for(people, key, scene if consented else closed_scene)["advice"]

    paid_for = ("key", "domain", "productCategory", "law", "latestStartOn", "duration", "bridging")
    lines = [line, *(name.removeprefix("funding ") for name in ALSO.get(key, ()))]
    assert advice == {"lines": [{name: LINES[it][name] for name in paid_for if name in LINES[it]} for it in lines]}


@pytest.mark.parametrize("key", ADDRESSED)
def test_i23_the_words_of_the_referral_and_of_other_lines_reach_nobody_who_is_addressed(
    people: People, scene: Scene, key: str
) -> None:
    others = [line["aim"] for line in ADVICE["lines"] if line["key"] not in ADDRESSED[key]]
    file = scene.case.people.esra.get(f"{scene.case.path}/file").json()
    question = file["documents"][0]["form"]["question"]
    own = scene.path(ADDRESSED[key])
    paths = [scene.case.path, f"{scene.case.path}/advices", f"{scene.case.path}/advices/1", own]
    paths += [f"{own}/{rest}" for rest in ("transitions", "transitions/1", "possible-transitions")]

    told = json.dumps([people[key].get(path).json() for path in paths], ensure_ascii=False)

    assert [words for words in (*others, question, ADVICE["childVersion"]) if words in told] == []
    assert str(ORGANISATION_IDS["duinhuis" if key == "ivo" else "de-veste"]) not in told


@broken_by(
    "I23: a version without a line of theirs is not there",
    "service/advice/use_cases.py",
    'if sight.whole or not lines.isdisjoint(entry.codes.get("line", ()))',
    "if lines or sight",
)
def test_i23_a_version_of_the_advice_in_which_nothing_is_put_to_them_is_not_there(people: People) -> None:
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


def test_i23_a_line_is_never_given_to_somebody_else_under_its_old_letter(people: People) -> None:
    scene = help_arranged(people)
    form = advice_of_two("revise_advice")
    form["lines"][1]["providerId"] = str(ORGANISATION_IDS["de-veste"])

    refusal = scene.case.attempt("revise_advice", form=form)

    assert refusal.status_code == 400
    assert [error["code"] for error in refusal.json()["errors"]] == ["line_keeps_its_provider"]
    assert people.joke.get(f"{scene.case.path}/advices/2").status_code == 404
