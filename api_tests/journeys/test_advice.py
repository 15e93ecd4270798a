"""The advice: issued after the family was heard, never changed, always with dissent beside it (I13, I16, I17)."""

from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import faults, unmet_guards
from api_tests.support.sabotages import Guard, Rule, broken_by

DISSENT = [{"name": "Aylin Demir", "view": "Ik zou de behandeling eerder laten beginnen dan de school."}]
FAMILY = "Wij vinden het goed zo. Het belangrijkste is dat de behandelaar blijft."


def case_with_advice(people: People) -> CaseFile:
    return CaseFile.submitted(people).go_to("advice_issued")


def advice(case: CaseFile, version: int, by: str = "anna") -> dict[str, Any]:
    answer = case.people[by].get(f"{case.path}/advices/{version}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def drafted_without(people: People, *roles: str) -> CaseFile:
    """A case whose table did not record these people as heard."""
    case = CaseFile.submitted(people).go_to("scheduled")
    participants = filled("table@1")["participation"]
    case.fire(
        "open_table",
        participation=[participant for participant in participants if participant["who"]["code"] not in roles],
    )
    return case.go_to("advice_drafted")


@broken_by(
    "I13: every version of the advice stays readable",
    "service/advice/use_cases.py",
    "entry = _visible_versions(history, sight, parts).get(version)",
    "entry = next(reversed(_visible_versions(history, sight, parts).values()), None)",
)
def test_i13_a_new_version_leaves_the_one_before_readable_and_unchanged(people: People) -> None:
    case = case_with_advice(people)
    first = advice(case, 1)

    case.fire("revise_advice", family_statement="Liever eerst rust.", why_no_family_statement=None)

    assert advice(case, 1) == first
    second = advice(case, 2)["advice"]
    assert second["familyStatement"] == "Liever eerst rust."
    assert second["reason"] == filled("advice_revision@1")["reason"]
    versions = people.anna.get(f"{case.path}/advices").json()["items"]
    assert [version["version"] for version in versions] == [1, 2]
    revisions = [
        entry for entry in case.history() if entry["trigger"] == "revise_advice" and entry["partKind"] == "case"
    ]
    assert [(revision["source"], revision["target"], revision["by"]["person"]["name"]) for revision in revisions] == [
        ("advice_issued", "advice_issued", "Esra Yilmaz")
    ]


def test_i13_a_new_version_says_why_and_what_is_new(people: People) -> None:
    case = case_with_advice(people)

    answer = case.attempt("revise_advice", form=filled("advice@1"))

    assert {("missing", "/form/reason"), ("missing", "/form/whatIsNew")} <= faults(answer)
    assert len(people.anna.get(f"{case.path}/advices").json()["items"]) == 1


@broken_by(
    "I13: nobody can amend an issued advice",
    "service/cases/use_cases/amend.py",
    '_AMENDED_ON_REQUEST = frozenset({"advice", "advice_revision", ',
    "_AMENDED_ON_REQUEST = frozenset({",
)
def test_i13_issued_advice_is_never_amended(people: People) -> None:
    case = case_with_advice(people)
    number = next(entry["partSequence"] for entry in case.history() if entry["trigger"] == "issue_advice")
    advice_before = advice(case, 1)

    answer = case.attempt("amend", by="esra", amends=number, changes={"familyStatement": "Iets anders."})

    assert faults(answer) == {("not_amendable", "/form/amends")}
    assert advice(case, 1) == advice_before


@broken_by(
    "I13: a new version does not ask a provider again for a line that stays",
    "service/advice/rules/forms.py",
    "for line in self.lines if line.key not in known_lines)",
    "for line in self.lines)",
)
def test_i13_a_line_that_stays_is_not_asked_of_its_provider_again(people: People) -> None:
    case = case_with_advice(people)
    commitments = case.parts("commitment")

    case.fire("revise_advice")

    assert case.parts("commitment") == commitments


@broken_by(
    "I16: the chair cannot issue an advice until child and parents are heard or a reason is recorded",
    Guard("child_and_parents_heard"),
)
def test_i16_no_advice_is_issued_before_the_child_is_heard_or_a_reason_is_recorded(people: People) -> None:
    case = drafted_without(people, "child")
    assert unmet_guards(case.attempt("issue_advice")) == {"child_and_parents_heard"}

    table = next(entry["partSequence"] for entry in case.history() if entry["trigger"] == "open_table")
    not_heard = {
        "who": {"code": "child"},
        "how": {"code": "declined"},
        "whyNot": "Hij wilde er niet bij zijn en heeft liever dat zijn oom het vertelt.",
    }
    participation = [*filled("table@1")["participation"][1:], not_heard]
    case.fire("amend", by="esra", amends=table, changes={"participation": participation})

    case.fire("issue_advice")
    assert case.state == "advice_issued"


def test_i16_no_advice_is_issued_before_a_parent_is_heard_or_a_reason_is_recorded(people: People) -> None:
    case = drafted_without(people, "parent", "parent_without_authority")

    assert unmet_guards(case.attempt("issue_advice")) == {"child_and_parents_heard"}
    assert case.state == "advice_drafted"


@broken_by("I16: a record that a person was not heard needs a reason", Rule("reason_not_heard_missing"))
def test_i16_not_heard_counts_only_with_the_reason_why_not(people: People) -> None:
    case = CaseFile.submitted(people).go_to("scheduled")
    silent = [{"who": {"code": "child"}, "how": {"code": "declined"}}]

    answer = case.attempt("open_table", participation=silent)

    assert faults(answer) == {("reason_not_heard_missing", "/form/participation/0/whyNot")}
    assert case.state == "scheduled"


@broken_by(
    "I17: every version of an advice shows its dissent",
    "service/advice/rules/addressee_lines.py",
    '"checksOn", "dissent", ',
    '"checksOn", ',
)
def test_i17_dissent_and_the_familys_own_words_are_shown_with_every_version_to_everybody_who_reads_it(
    people: People,
) -> None:
    case = case_with_advice(people)
    new_dissent = [{"name": "Willem Hoekstra", "view": "Ik had het liever bij de eerste versie gelaten."}]
    case.fire("revise_advice", dissent=new_dissent, family_statement="Ook goed.")

    for reader in ("anna", "carla", "esra", "floor", "gijs", "hanna", "ivo"):
        first, second = (advice(case, version, reader)["advice"] for version in (1, 2))
        assert (reader, first["dissent"], first["familyStatement"]) == (reader, DISSENT, FAMILY)
        assert (reader, second["dissent"], second["familyStatement"]) == (reader, new_dissent, "Ook goed.")


@broken_by(
    "I17: an advice holds the family's own statement or the reason for its absence", Rule("family_statement_missing")
)
def test_i17_the_familys_own_words_are_recorded_or_the_reason_for_their_absence(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_drafted")

    silent = case.attempt("issue_advice", family_statement=None)
    assert faults(silent) == {("family_statement_missing", "/form/familyStatement")}
    case.fire("issue_advice", family_statement=None, why_no_family_statement="Moeder schrijft het later zelf.")

    assert advice(case, 1)["advice"]["whyNoFamilyStatement"] == "Moeder schrijft het later zelf."
