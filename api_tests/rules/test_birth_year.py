"""Only the year of birth is known: it counts to the side that protects most (I20, I21, I22; policy 9)."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.access.test_families import outcome
from api_tests.rules.test_birth_month_corrected import consent_of, correct_month
from api_tests.support.case_file import CaseFile
from api_tests.support.form_faults import settings as region_settings
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import today
from service.cases.rules.consents import age_for_consent, required_consenters
from service.retention.rules.terms import compute_retention
from service.vocabulary.ages import age_on, first_day_of_age, youngest_age_on

DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))
YEARS = st.integers(1990, 2039)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(YEARS, DAYS)
def test_a_year_has_the_ages_of_its_first_and_its_last_month(year: int, on: date) -> None:
    ages = {age_on(f"{year}-{month:02}", on) for month in range(1, 13)}

    assert (youngest_age_on(str(year), on), age_on(str(year), on)) == (min(ages), max(ages))
    assert first_day_of_age(str(year), 16) == date(year + 16, 1, 1)


@broken_by(
    "I20: of a year of birth, child and parents must both consent while the child can be twelve to fifteen",
    "service/cases/rules/consents.py",
    "    possible = (youngest_age_on(birth_month, on), oldest)",
    "    possible = (oldest,)",
)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(YEARS, DAYS)
def test_i20_of_a_year_everybody_must_consent_who_must_at_one_of_its_months(year: int, on: date) -> None:
    months = [f"{year}-{month:02}" for month in range(1, 13)]

    required = required_consenters(age_for_consent(str(year), on))

    assert required == frozenset().union(*(required_consenters(age_on(month, on)) for month in months))


def test_i22_parents_stop_reading_in_january_of_the_year_of_sixteen(people: People) -> None:
    everybody = [consent_of(by, "discuss_at_table") for by in ("child", "parent")]
    outcomes = {}

    for age in (15, 16):
        case = CaseFile.submitted(people, by="wilma", birth_month=str(today().year - age), consents=everybody)
        outcomes[age] = outcome(people.wilma.get(f"{case.path}/file"))

    assert outcomes == {15: (200, ""), 16: (403, "young_person_decides")}


def test_a_year_becomes_a_month_by_a_correction(people: People) -> None:
    everybody = [consent_of(by, "discuss_at_table") for by in ("child", "parent")]
    case = CaseFile.submitted(people, birth_month=str(today().year - 13), consents=everybody)

    assert correct_month(case, f"{today().year - 13}-05").status_code == 201


@pytest.mark.parametrize("birth_month", ["201", "2012-", "2012-00", "2012-13", "20120", "1899", "2012-1"])
def test_what_is_neither_a_month_nor_a_year_is_refused(people: People, birth_month: str) -> None:
    answer = people.anna.submit(birth_month=birth_month)

    assert [(error["code"], error["location"]) for error in answer.json()["errors"]] == [
        ("string_pattern_mismatch", "/form/birthMonth")
    ]


def test_i21_a_file_under_a_measure_is_kept_as_if_the_child_was_born_in_december() -> None:
    terms = [
        compute_retention(region_settings(), date(2026, 1, 1), under_measure=True, birth_month=born)
        for born in ("2012", "2012-12")
    ]

    assert terms[0] == terms[1]
