"""I21: how long a case is kept, from its last change, or from majority where that keeps it longer (Jeugdwet 7.3.8)."""

from datetime import date

import pytest

from api_tests.support.form_faults import settings
from api_tests.support.sabotages import broken_by
from service.retention.rules.terms import RetentionRule, compute_retention, retention_policy

SETTINGS = settings(retention_years=20, retention_years_after_majority=15, draft_days=30)


def test_i21_the_policy_is_four_terms_of_which_three_are_set_by_the_region() -> None:
    assert retention_policy(SETTINGS) == (
        RetentionRule(kind="ordinary", counted_from="last_change", years=20),
        RetentionRule(kind="supervision_or_guardianship", counted_from="majority", years=15),
        RetentionRule(kind="on_request", counted_from="request", months=3),
        RetentionRule(kind="draft", counted_from="last_saved", days=30),
    )


@broken_by(
    "A measure never shortens the term of a case",
    "service/retention/rules/terms.py",
    "return max(from_last_change, from_majority, key",
    "return min(from_last_change, from_majority, key",
)
@pytest.mark.parametrize(
    ("last_change", "under_measure", "birth_month", "counted_from", "keep_until"),
    [
        ("2026-05-03", False, "2020-06", "last_change", "2046-05-03"),
        ("2026-05-03", True, None, "last_change", "2046-05-03"),
        ("2026-05-03", True, "2020-06", "majority", "2053-06-01"),
        ("2026-05-03", True, "2009-06", "last_change", "2046-05-03"),
        ("2028-02-29", False, None, "last_change", "2048-03-01"),
        ("2028-02-28", False, None, "last_change", "2048-02-28"),
        ("2028-03-29", False, None, "last_change", "2048-03-29"),
    ],
)
def test_i21_the_longer_of_both_terms_holds_and_a_leap_day_becomes_the_first_of_march(
    last_change: str, under_measure: bool, birth_month: str | None, counted_from: str, keep_until: str
) -> None:
    term = compute_retention(
        SETTINGS, date.fromisoformat(last_change), under_measure=under_measure, birth_month=birth_month
    )

    assert (term.counted_from, term.keep_until) == (counted_from, date.fromisoformat(keep_until))
    assert term.retention_class == ("supervision_or_guardianship" if under_measure else "ordinary")
