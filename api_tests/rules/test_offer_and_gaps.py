"""Statements of providers go stale, and gaps add up without revealing a child (R8, R16, R130, I24)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.support.form_faults import faults, read_example, settings, words_of
from api_tests.support.forms import filled
from api_tests.support.roads import NOW, START_TRIAGE, SUBMIT, Move, history
from api_tests.support.sabotages import broken_by
from service.cases.rules.model import Transition
from service.learning.rules.case_routes import ReleaseRefused
from service.offers.rules.gap_table import GapCount, gap_table
from service.offers.rules.offer import CodedChoice, Offer, RecordedStatement
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.roles import Role

K = 5  # the smallest number of cases that a figure may be about
YEAR = NOW.year
TODAY = date(2026, 3, 14)
OTHERS = ("foster_care", "clinic", "own_mentor", "other")


def gap(function: str, *, domain: str = "treatment", case_id: UUID | None = None, number: int = 3) -> Transition:
    """The entry of a gap in a history."""
    move = Move("case", "record_gap", "in_triage", "in_triage", Role.SCREENER)
    *_, entry = history((SUBMIT, START_TRIAGE, move), wait=1)
    id_ = case_id or entry.case_id
    codes = {"missing_domain": (domain,), "missing_function": (function,)}
    return replace(entry, case_id=id_, part_id=id_, sequence=number, part_sequence=number, codes=codes)


def gaps(function: str, cases: int, *, domain: str = "treatment") -> list[Transition]:
    return [gap(function, domain=domain) for _ in range(cases)]


def table(entries: Iterable[Transition], *, year: int = YEAR, k: int = K) -> set[tuple[str, str, int]]:
    return {(count.domain, count.function, count.cases) for count in gap_table(entries, year=year, k=k)}


def statement_of(days_ago: int, number: int = 1) -> RecordedStatement:
    return RecordedStatement(
        number=number,
        stated_on=TODAY - timedelta(days=days_ago),
        recorded_at=NOW,
        organisation_id=uuid4(),
        places_free=2,
        waiting_days=None,
        note=None,
    )


@pytest.mark.parametrize(("cases", "shown"), [(1, False), (4, False), (5, True), (6, True)])
def test_i24_a_function_is_shown_from_five_cases_on_and_not_with_four(cases: int, shown: bool) -> None:
    counts = table(gaps("family_admission", cases))

    assert counts == ({("treatment", "family_admission", cases)} if shown else set())


@pytest.mark.parametrize(("cases", "shown"), [(9, False), (10, True)])
def test_a_region_may_ask_for_more_cases_before_a_function_is_shown(cases: int, shown: bool) -> None:
    assert bool(table(gaps("family_admission", cases), k=10)) == shown


@pytest.mark.parametrize("k", [4, 1, 0])
def test_nobody_gets_a_sum_of_fewer_than_five_whatever_they_ask(k: int) -> None:
    with pytest.raises(ReleaseRefused):
        gap_table(gaps("family_admission", 50), year=YEAR, k=k)


@broken_by(
    "I24: the gap table withholds a function that fewer cases miss than the region's smallest number",
    "service/offers/rules/gap_table.py",
    "        if cases >= k\n",
    "        if cases >= 1\n",
)
@given(hidden=st.lists(st.tuples(st.sampled_from(OTHERS), st.sampled_from(("living", "treatment"))), max_size=K - 1))
def test_i24_a_function_that_fewer_cases_miss_changes_nothing_at_all_in_the_table(
    hidden: list[tuple[str, str]],
) -> None:
    """The table is the same with and without a withheld cell: no total, remainder or order reveals it."""
    entries = gaps("family_admission", 7) + gaps("foster_care", 5, domain="support")

    assert gap_table(
        entries + [gap(function, domain=domain) for function, domain in hidden], year=YEAR, k=K
    ) == gap_table(entries, year=YEAR, k=K)


@broken_by(
    "A case counts once for a function, however often its gap is recorded",
    "service/offers/rules/gap_table.py",
    "    return frozenset(\n        (entry.case_id,",
    "    return list(\n        (entry.case_id,",
)
def test_a_case_counts_once_for_a_function_however_often_it_is_recorded() -> None:
    entries = gaps("family_admission", 4)
    again = [gap("family_admission", case_id=entries[0].case_id, number=number) for number in range(4, 14)]

    assert table([*entries, *again]) == set()


def test_r37_the_same_function_is_counted_apart_for_living_and_for_treatment() -> None:
    entries = gaps("crisis_help", 5) + gaps("crisis_help", 6, domain="living") + gaps("crisis_help", 4, domain="other")

    assert table(entries) == {("treatment", "crisis_help", 5), ("living", "crisis_help", 6)}


def test_a_gap_that_was_amended_counts_as_amended() -> None:
    entries = gaps("family_admission", 5)
    first = entries[0]
    codes = {"missing_domain": ("treatment",), "missing_function": ("clinic",), "amends": (str(first.part_sequence),)}
    amendment = replace(first, trigger="amend", sequence=4, part_sequence=4, codes=codes)

    assert table(entries) == {("treatment", "family_admission", 5)}
    assert table([*entries, amendment]) == set()


def test_a_year_runs_from_new_year_to_new_year_in_amsterdam() -> None:
    last_moment = datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC)
    old = [replace(entry, occurred_at=last_moment) for entry in gaps("clinic", 5)]
    new = [replace(entry, occurred_at=last_moment + timedelta(seconds=1)) for entry in gaps("clinic", 6)]

    assert table(old + new, year=2025) == {("treatment", "clinic", 5)}
    assert table(old + new, year=2026) == {("treatment", "clinic", 6)}
    assert table(old + new, year=2024) == set()


def test_the_sum_has_no_place_for_a_case_a_person_an_organisation_or_a_day() -> None:
    assert set(GapCount.__dataclass_fields__) == {"domain", "function", "cases"}


@pytest.mark.parametrize(("days_ago", "stale"), [(0, False), (31, False), (32, True), (400, True)])
def test_what_was_stated_longer_ago_than_the_region_relies_on_is_stale(days_ago: int, stale: bool) -> None:
    days = settings().offer_stale_days

    assert days == 31
    assert statement_of(days_ago).is_stale(TODAY, after_days=days) == stale


def test_the_newest_statement_is_the_one_about_the_latest_day_and_of_one_day_the_last_recorded() -> None:
    offer = Offer(
        id=uuid4(),
        provider_id=uuid4(),
        domain=CodedChoice(code="treatment", text=None),
        function=CodedChoice(code="clinic", text=None),
        expertise="Eetstoornissen.",
        region=None,
        valid_from=TODAY,
    )

    statements = (statement_of(3, 1), statement_of(1, 2), statement_of(1, 3), statement_of(9, 4))

    assert offer.newest_statement is None
    assert replace(offer, statements=statements).newest_statement == statements[2]


def test_a_gap_takes_its_codes_under_names_of_its_own_and_none_of_its_words() -> None:
    form = read_example("gap@1")

    assert form.codes() == {"missing_domain": ("living",), "missing_function": ("family_admission",)}
    assert faults("gap@1") == []
    assert read_example("gap@1", instead=None).to_content() == {
        name: value for name, value in filled("gap@1").items() if name != "instead"
    }


def test_r70_policy_9_a_gap_asks_for_no_number_and_no_price() -> None:
    assert words_of("gap@1") == {"domain", "function", "missing", "instead", "code", "text"}


def test_r130_r41_functions_and_expertise_are_listed_rather_than_beds_and_no_closed_place() -> None:
    """The list has the help of R41 before a removal, in the order of R40, and no closed places (R40, R44)."""
    functions = list(CODE_LISTS["help_function"].codes)

    before_removal = {"intensive_help_at_home", "household_or_money_help", "family_admission", "treatment_of_parents"}
    assert before_removal <= set(functions)
    assert functions.index("foster_care") < functions.index("family_home") < functions.index("small_scale_living")
    assert not {function for function in functions if "closed" in function or "bed" in function.split("_")}
