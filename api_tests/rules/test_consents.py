"""I20: consent is given per person and purpose, by the age rule of its day; a withdrawal stops the sharing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.case_file import CaseFile
from api_tests.support.form_faults import settings as region_settings
from api_tests.support.people import People
from api_tests.support.roads import Move, history
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SOME_TIME_AGO, help_arranged, newcomer
from service.cases.rules.amendments import AMENDED_ENTRY
from service.cases.rules.consents import ConsentFact, PurposeConsent
from service.cases.rules.facts import CaseFacts, fold_facts
from service.cases.rules.forms.base import FormContext
from service.cases.rules.forms.consent import ConsentGiven, ConsentWithdrawn
from service.kinds import KINDS
from service.vocabulary.roles import Role

BORN = "2008-06"
TODAY = date(2027, 1, 1)
Step = tuple[Literal["give", "take back"], str, int]
PURPOSE = {"code": "cce"}


def day_at_age(age: int) -> str:
    """A day on which the child is this old."""
    return f"{2008 + age}-12-01"


def move_of(step: Step, purpose: dict[str, str] = PURPOSE, born: str | None = BORN) -> Move:
    """The move of the case that records this step."""
    action, who, age = step
    kind = {"code": "legal_ground" if who == "ground" else "consent"}
    by = {} if who == "ground" else {"by": {"code": who}}
    if action == "give":
        ground = {"ground": {"code": "guardianship"}} if who == "ground" else {}
        consent = {"kind": kind, **by, **ground, "purposes": [purpose], "givenOn": day_at_age(age)}
        form: Any = ConsentGiven.model_validate({"consents": [consent]})
        return Move("case", "record_consent", "in_triage", "in_triage", Role.CHAIR, form.codes() | form.age_codes(born))
    form = ConsentWithdrawn.model_validate({"kind": kind, **by, "purposes": [purpose], "withdrawnOn": day_at_age(age)})
    return Move("case", "withdraw_consent", "in_triage", "in_triage", Role.CHAIR, form.codes() | form.age_codes(born))


def shared_after(*steps: Step) -> bool:
    return "cce" in fold_facts(history([move_of(step) for step in steps]), KINDS).consented_purposes


def consent_after(*steps: Step) -> PurposeConsent:
    return fold_facts(history([move_of(step) for step in steps]), KINDS).consents["cce"]


def is_enough(standing: set[str], refusing: set[str], age: int) -> bool:
    """Jeugdwet 7.3.4 and 7.3.5. One parent does not speak for another."""
    parents = bool(standing & {"parent", "guardian"}) and not refusing & {"parent", "guardian"}
    if age >= 16:
        return "child" in standing
    return parents if age < 12 else parents and "child" in standing


def by_law(steps: Sequence[Step]) -> bool:
    """The law read step by step: the consents that stand, and the people who had to give them at that age."""
    standing, refusing, ground, shared = set[str](), set[str](), False, False
    for action, who, age in steps:
        if who == "ground":
            ground = action == "give"
        elif action == "give":
            standing.add(who)
            refusing.discard(who)
        else:
            standing.discard(who)
            refusing.add(who)
        agreed = is_enough(standing, refusing, age)
        if action == "give":
            shared = shared or ground or agreed
        elif who != "foster_parent":
            shared = shared and (ground or agreed)
    return shared


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["give", "give", "take back"]),
        st.sampled_from(["child", "parent", "guardian", "foster_parent", "ground"]),
        st.sampled_from([11, 12, 15, 16, 18]),
    ),
    max_size=7,
)


def in_order_of_days(steps: Sequence[Step]) -> list[Step]:
    """The steps by the day on which people said it; on the same day a withdrawal is the last word."""
    return sorted(steps, key=lambda step: (step[2], step[0] == "take back"))


@broken_by(
    "I20: the day on which people said it decides, and on the same day a withdrawal",
    "service/cases/rules/consent_order.py",
    "sorted(statements, key=lambda statement: statement.place)",
    "tuple(statements)",
)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(STEPS)
def test_i20_in_any_order_of_entry_it_is_shared_when_the_law_says_so_by_the_stated_days(steps: list[Step]) -> None:
    assert shared_after(*steps) == by_law(in_order_of_days(steps))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(STEPS.flatmap(lambda steps: st.tuples(st.just(steps), st.permutations(steps))))
def test_i20_the_order_of_entry_changes_nothing_of_any_consent(orders: tuple[list[Step], list[Step]]) -> None:
    first, second = (fold_facts(history([move_of(step) for step in steps]), KINDS).consents for steps in orders)

    assert {name: replace(consent, last_given=None) for name, consent in first.items()} == {
        name: replace(consent, last_given=None) for name, consent in second.items()
    }


def undated(move: Move) -> Move:
    """The move as releases up to 0.4 recorded it: without the day on which people said it."""
    codes = {name: tuple(":".join(fact.split(":")[:3]) for fact in facts) for name, facts in move.codes.items()}
    return replace(move, codes=codes)


@broken_by(
    "I20: a consent that was recorded without its day counts by the order of the entries",
    "service/cases/rules/consent_order.py",
    'undated_on = undated_on if word == "given" else day_in_amsterdam(entry.recorded_at)',
    "undated_on = date(9999, 1, 1) if word == 'given' else date.min",
)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(STEPS.map(lambda steps: sorted(steps, key=lambda step: step[2])))
def test_i20_consents_without_a_day_count_by_the_order_of_the_entries(steps: list[Step]) -> None:
    entries = history([undated(move_of(step)) for step in steps])

    assert ("cce" in fold_facts(entries, KINDS).consented_purposes) == by_law(steps)


@pytest.mark.parametrize("steps", [[("give", "child", 16), ("take back", "child", 16)], [("take back", "child", 16)]])
def test_i20_a_consent_without_a_day_does_not_undo_a_withdrawal_that_was_recorded_later(steps: list[Step]) -> None:
    older = undated(move_of(("give", "child", 16)))

    entries = history([older, *(move_of(step) for step in steps)])

    assert "cce" not in fold_facts(entries, KINDS).consented_purposes


def test_i20_a_withdrawal_without_a_day_is_not_undone_by_a_consent_of_an_earlier_day() -> None:
    entries = history([undated(move_of(("take back", "child", 16))), move_of(("give", "child", 16))])

    assert "cce" not in fold_facts(entries, KINDS).consented_purposes


PARENTS = {"one": {"code": "one_parent"}, "other": {"code": "other_parent"}, "": None}


def move_of_parent(action: str, which: str, day: str) -> Move:
    """The move that records what one of two parents said of a child of eleven."""
    statement: dict[str, Any] = {"kind": {"code": "consent"}, "by": {"code": "parent"}, "purposes": [PURPOSE]}
    if PARENTS[which]:
        statement["whichParent"] = PARENTS[which]
    form: Any = (
        ConsentGiven.model_validate({"consents": [{**statement, "givenOn": day}]})
        if action == "give"
        else ConsentWithdrawn.model_validate({**statement, "withdrawnOn": day})
    )
    trigger = "record_consent" if action == "give" else "withdraw_consent"
    return Move("case", trigger, "in_triage", "in_triage", Role.CHAIR, form.codes() | form.age_codes(BORN))


@broken_by(
    "I20: a withdrawal by one parent is not undone by the consent of another",
    "service/cases/rules/consents.py",
    "        if any(role in ROLES_WITH_AUTHORITY for role, _ in self.refusers):",
    "        if False:",
)
@broken_by(
    "I20: both parents by name lift the withdrawal of a parent who was not named",
    "service/cases/rules/consents.py",
    "consent = replace(consent, refusers=consent.refusers - {UNNAMED_PARENT})",
    "pass",
)
@broken_by(
    "I20: a withdrawal of a parent who was not named may be of either parent",
    "service/cases/rules/consents.py",
    'and not (unnamed and giver[0] == "parent")',
    "",
)
@pytest.mark.parametrize(
    ("words", "shared"),
    [
        (["give one", "give other"], True),
        (["give one", "take other"], False),
        (["take one", "give other"], False),
        (["take one", "give other", "give one"], True),
        (["give one", "give other", "take one"], False),
        (["take one", "give "], False),
        (["take ", "give one"], False),
        (["take ", "give "], True),
        (["take ", "give one", "give other"], True),
        (["take ", "give other", "give one", "take "], False),
        (["give one", "take ", "give other"], False),
        (["give one", "give other", "take ", "give one"], False),
    ],
)
def test_i20_two_parents_are_not_one(words: list[str], shared: bool) -> None:
    pairs = [word.split(" ") for word in words]
    moves = [move_of_parent(action, which, f"2020-0{month}-01") for month, (action, which) in enumerate(pairs, 1)]

    assert ("cce" in fold_facts(history(moves), KINDS).consented_purposes) is shared


@broken_by(
    "I20: what a parent records as the consent of the other parent is their own",
    "service/cases/rules/consent_order.py",
    'and (word == "given" or not fact.which):',
    "and not fact.which:",
)
def test_i20_a_parent_does_not_take_back_what_the_other_parent_refused() -> None:
    refusal = move_of_parent("take", "other", "2020-01-01")
    in_their_name = replace(move_of_parent("give", "other", "2020-02-01"), role=Role.PARENT)

    assert "cce" not in fold_facts(history([refusal, in_their_name]), KINDS).consented_purposes


@broken_by(
    "I20: a parent does not record that the young person agrees again",
    "service/cases/rules/consent_order.py",
    "return fact.day is None or fact.day >= own_withdrawals[fact.purpose]",
    "return False",
)
@pytest.mark.parametrize(("recorder", "shared"), [(Role.PARENT, False), (Role.COORDINATOR, True)])
def test_i20_a_parent_does_not_undo_what_the_young_person_took_back(recorder: Role, shared: bool) -> None:
    agreed = move_of(("give", "child", 16))
    own_withdrawal = replace(move_of(("take back", "child", 17)), role=Role.YOUNG_PERSON)
    agreed_again = replace(move_of(("give", "child", 18)), role=recorder)

    entries = history([agreed, own_withdrawal, agreed_again])

    assert ("cce" in fold_facts(entries, KINDS).consented_purposes) is shared


@broken_by(
    "I20: a legal ground that an earlier release recorded does not cover sharing with parents or learning",
    "service/cases/rules/consents.py",
    "            return self.purpose not in PURPOSES_WITHOUT_LEGAL_GROUND\n",
    "            return True\n",
)
@pytest.mark.parametrize(("purpose", "covered"), [("share_with_parents", False), ("learning", False), ("cce", True)])
@pytest.mark.parametrize("dated", [True, False])
def test_i20_a_recorded_legal_ground_does_not_cover_what_only_people_decide(
    purpose: str, covered: bool, dated: bool
) -> None:
    move = move_of(("give", "ground", 17), {"code": purpose})
    if not dated:
        move = undated(move)
        move = replace(move, codes={**move.codes, "information_purpose": (purpose,)})

    facts = fold_facts(history([move]), KINDS)

    assert (purpose in facts.consented_purposes) is covered
    assert facts.consents[purpose].has_legal_ground is covered


@broken_by(
    "I22: a parent does not record that the young person lets the parents read",
    "service/cases/rules/consent_order.py",
    "return entry.role == Role.PARENT and fact.purpose == PURPOSE_PARENTS",
    "return False",
)
@pytest.mark.parametrize(("role", "counted"), [(Role.PARENT, False), (Role.YOUNG_PERSON, True), (Role.CHAIR, True)])
def test_i22_that_parents_may_read_is_not_recorded_by_a_parent(role: Role, counted: bool) -> None:
    move = replace(move_of(("give", "child", 17), {"code": "share_with_parents"}), role=role)

    assert ("share_with_parents" in fold_facts(history([move]), KINDS).consented_purposes) is counted


def test_i20_the_guardian_does_not_undo_what_a_parent_withdrew() -> None:
    assert not shared_after(("take back", "parent", 10), ("give", "guardian", 11))


@broken_by(
    "I20: a young person of sixteen or older decides alone on consent",
    "service/cases/rules/consents.py",
    "age >= CHILD_SOLE_CONSENT_AGE:",
    "age > CHILD_SOLE_CONSENT_AGE:",
)
@pytest.mark.parametrize(
    ("steps", "shared"),
    [
        ([("give", "parent", 11)], True),
        ([("give", "child", 11)], False),
        ([("give", "parent", 12)], False),
        ([("give", "parent", 12), ("give", "child", 12)], True),
        ([("give", "child", 16)], True),
        ([("give", "parent", 16)], False),
        ([("give", "parent", 15), ("give", "child", 15), ("take back", "child", 15)], False),
        ([("give", "parent", 15), ("give", "child", 15), ("take back", "parent", 15)], False),
        ([("give", "parent", 15), ("give", "child", 15), ("take back", "parent", 16)], True),
        ([("give", "parent", 10), ("take back", "parent", 10), ("give", "parent", 11)], True),
        ([("give", "parent", 11), ("take back", "parent", 11), ("give", "parent", 11)], False),
        ([("give", "ground", 13), ("give", "child", 16), ("take back", "child", 16)], True),
        ([("give", "ground", 13), ("take back", "ground", 13)], False),
    ],
)
def test_i20_the_age_decides_whose_consent_counts(steps: list[Step], shared: bool) -> None:
    assert shared_after(*steps) is shared


@pytest.mark.parametrize(
    ("steps", "withdrawn", "last_given"),
    [
        ([("give", "parent", 12)], False, "parent:12-15:cce"),
        ([("take back", "child", 16)], True, None),
        ([("give", "child", 16), ("take back", "child", 16)], True, "child:16-17:cce"),
        ([("give", "child", 16), ("take back", "child", 16), ("give", "child", 18)], False, "child:18-22:cce"),
        ([("give", "child", 12), ("take back", "child", 12), ("give", "parent", 12)], True, "parent:12-15:cce"),
        ([("give", "parent", 11), ("give", "guardian", 11), ("take back", "parent", 11)], True, "guardian:4-11:cce"),
    ],
)
def test_i20_a_purpose_stays_withdrawn_until_consent_is_enough_again(
    steps: list[Step], withdrawn: bool, last_given: str | None
) -> None:
    consent = consent_after(*steps)

    assert consent.withdrawn is withdrawn
    undated = consent.last_given and replace(consent.last_given, day=None)
    assert undated == (last_given and ConsentFact.parse(last_given))


@pytest.mark.parametrize(("who", "shared"), [("child", True), ("parent", False)])
def test_i22_the_child_alone_consents_to_sharing_with_the_parents(who: str, shared: bool) -> None:
    consent = move_of(("give", who, 13), {"code": "share_with_parents"})

    assert ("share_with_parents" in fold_facts(history([consent]), KINDS).consented_purposes) is shared


def test_i20_one_purpose_taken_back_leaves_the_others() -> None:
    consents = [move_of(("give", "child", 16), {"code": purpose}) for purpose in ("cce", "learning")]

    facts = fold_facts(history([*consents, move_of(("take back", "child", 16))]), KINDS)

    assert facts.consented_purposes == {"learning"}


def test_i20_a_consent_recorded_by_mistake_does_not_count_and_a_later_withdrawal_stays_one() -> None:
    entries = history([move_of(("give", "child", 16)), move_of(("give", "child", 17), {"code": "learning"})])
    mistaken = {**move_of(("give", "parent", 16)).codes, AMENDED_ENTRY: (str(entries[0].part_sequence),)}
    amended = Move("case", "amend", "in_triage", "in_triage", Role.CHAIR, mistaken)
    entries = history([move_of(("give", "child", 16)), move_of(("give", "child", 17), {"code": "learning"}), amended])

    assert fold_facts(entries, KINDS).consented_purposes == {"learning"}


@pytest.mark.parametrize(
    ("day", "by", "accepted"),
    [
        ("2020-05-31", "parent", True),
        ("2020-05-31", "child", False),
        ("2020-06-01", "child", True),
        ("2020-06-01", "parent", True),
        ("2024-05-31", "parent", True),
        ("2024-06-01", "parent", False),
        ("2024-06-01", "guardian", False),
        ("2024-06-01", "child", True),
        ("2026-06-01", "parent", False),
        ("2020-05-31", "foster_parent", False),
    ],
)
def test_i20_an_age_is_reached_on_the_first_day_of_the_month_and_whose_consent_it_is_changes_then(
    day: str, by: str, accepted: bool
) -> None:
    consent = {"kind": {"code": "consent"}, "by": {"code": by}, "purposes": [PURPOSE], "givenOn": day}
    context = FormContext(CaseFacts(), region_settings(), TODAY, birth_month=BORN)

    codes = [fault.code for fault in ConsentGiven.model_validate({"consents": [consent]}).faults(context)]

    assert codes == ([] if accepted else ["consent_not_theirs"])


@broken_by(
    "I20: while the age of the child is unknown, child and parents must both consent",
    "service/cases/rules/consents.py",
    "if self.purpose == PURPOSE_PARENTS else CHILD_CONSENT_AGE",
    "if self.purpose == PURPOSE_PARENTS else CHILD_SOLE_CONSENT_AGE",
)
@pytest.mark.parametrize(("givers", "shared"), [(("child",), False), (("parent",), False), (("child", "parent"), True)])
def test_i20_without_a_month_of_birth_child_and_parents_must_both_agree(givers: tuple[str, ...], shared: bool) -> None:
    moves = [move_of(("give", by, 17), born=None) for by in givers]

    assert ("cce" in fold_facts(history(moves), KINDS).consented_purposes) is shared


def test_i20_consent_without_a_month_of_birth_is_accepted_of_those_who_decide_together(people: People) -> None:
    case = CaseFile.ask_consult(people, birth_month=None)
    consent = {"kind": {"code": "consent"}, "purposes": [PURPOSE], "givenOn": "2026-11-01"}

    case.fire("record_consent", consents=[{**consent, "by": {"code": "parent"}}])
    refused = case.attempt("record_consent", consents=[{**consent, "by": {"code": "foster_parent"}}])
    case.fire("withdraw_consent")

    assert case.history()[-2]["codes"]["consent_given"] == ["parent:unknown:cce:2026-11-01"]
    assert [(error["code"], error["location"]) for error in refused.json()["errors"]] == [
        ("birth_month_unknown", "/form/consents/0/by")
    ]
    assert case.history()[-1]["codes"]["consent_withdrawn"] == ["parent:unknown:discuss_at_table:2025-02-21"]


def test_i20_a_no_is_recorded_also_where_there_was_no_yes(people: People) -> None:
    case = CaseFile.submitted(people)

    case.fire("withdraw_consent", purposes=[{"code": "cce"}])

    assert case.history()[-1]["codes"]["consent_withdrawn"] == ["parent:12-15:cce:2025-02-21"]


def is_refused(answer: httpx.Response, purpose: str) -> bool:
    """The answer is a refusal for lack of consent to this purpose, which it names in both languages."""
    problem = answer.json()
    is_named = problem.get("purpose") == purpose and problem["purposeNl"] and problem["purposeEn"]
    return answer.status_code == 403 and problem["code"] == "consent_missing" and bool(is_named)


@broken_by(
    "I20: a withdrawal of consent stops the sharing",
    "service/cases/rules/consent_order.py",
    "consent = consent.after_withdrawal(statement.fact)",
    "consent = consent.after_consent(statement.fact)",
)
def test_i20_taken_back_consent_to_the_table_closes_the_file_to_the_experts_and_not_the_case(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    before = people.floor.get(f"{case.path}/file").status_code

    case.fire("withdraw_consent", by="anna")

    assert before == 200
    for path in ("file", "transitions/1"):
        assert is_refused(people.floor.get(f"{case.path}/{path}"), "discuss_at_table")
    assert people.floor.get(case.path).json()["main"]["state"]["code"] == "in_review"
    assert people.floor.get(f"{case.path}/transitions").status_code == 200
    assert people.esra.get(f"{case.path}/file").status_code == 200, "the team still answers for the case"
    to_the_table = {"purposes": [{"code": "discuss_at_table"}], "givenOn": "2026-11-01"}
    again = {"kind": {"code": "consent"}, "by": {"code": "parent"}, **to_the_table}
    case.fire("record_consent", by="anna", consents=[again])
    assert people.floor.get(f"{case.path}/file").status_code == 200, "the child's own yes was never taken back"


def test_i20_i23_taken_back_consent_takes_the_words_from_providers_and_the_liaison(people: People) -> None:
    scene = help_arranged(people)
    case = scene.case
    aims = [line.get("aim") for line in people.ivo.get(f"{case.path}/advices/1").json()["advice"]["lines"]]
    before = people.mila.get(f"{case.path}/file").status_code

    for purpose in ("share_with_providers", "cce"):
        case.fire("withdraw_consent", by="hanna", purposes=[{"code": purpose}], withdrawn_on="2026-11-01")

    assert all(aims)
    assert before == 200
    lines = people.ivo.get(f"{case.path}/advices/1").json()["advice"]["lines"]
    assert [line.get("aim") for line in lines] == [None] * len(aims)
    assert is_refused(people.mila.get(f"{case.path}/file"), "cce")
    assert people.mila.get(case.path).status_code == 200


def test_i20_a_consent_of_a_day_before_the_withdrawal_does_not_open_the_file_again(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    by_parent = {"kind": {"code": "consent"}, "by": {"code": "parent"}, "purposes": [{"code": "discuss_at_table"}]}
    outcomes = []

    case.fire("withdraw_consent", by="anna", form={**by_parent, "withdrawnOn": "2026-03-10"})
    for day in ("2025-02-03", "2026-03-10", "2026-03-11"):
        case.fire("record_consent", by="anna", consents=[{**by_parent, "givenOn": day}])
        outcomes.append(people.floor.get(f"{case.path}/file").status_code)

    assert outcomes == [403, 403, 200]


def test_i20_a_parent_who_signs_in_is_not_the_parent_who_withdrew(service: RunningService, people: People) -> None:
    case = CaseFile.submitted(people, by="wilma").go_to("in_review")
    by_parent = {"kind": {"code": "consent"}, "by": {"code": "parent"}, "purposes": [{"code": "discuss_at_table"}]}
    consent = {"consents": [{**by_parent, "givenOn": "2026-03-11"}]}

    case.fire("withdraw_consent", by="wilma", form={**by_parent, "withdrawnOn": "2026-03-10"})
    with newcomer(service, ("gezin-w", Role.PARENT, SOME_TIME_AGO, None)) as father:
        version = father.get(case.path).json()["main"]["version"]
        by_father = father.post(
            f"{case.path}/transitions", {"trigger": "record_consent", "form": consent}, version=version
        )
    refused = people.floor.get(f"{case.path}/file").status_code
    case.fire("record_consent", by="wilma", form=consent)

    assert (by_father.status_code, refused) == (201, 403)
    assert people.floor.get(f"{case.path}/file").status_code == 200
