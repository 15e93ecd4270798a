"""The record of mutants: it counts as mutmut does, and names every module whose rules are changed."""

import tomllib
from datetime import date

from api_tests.mutants import RECORD, report
from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by

RESULTS = """
    service.vocabulary.calendar.x_last_day_of__mutmut_1: killed
    service.vocabulary.calendar.x_last_day_of__mutmut_2: survived
    service.cases.rules.consents.xǁPurposeConsentǁis_sufficient__mutmut_12: no tests
    service.cases.rules.consents.xǁPurposeConsentǁis_sufficient__mutmut_13: timeout
"""


def test_a_mutant_that_no_test_kills_is_a_survivor_of_its_function() -> None:
    """A change after which no test ends in time is noticed."""
    page = report(RESULTS, date(2026, 5, 1))

    assert "Of 2026-05-01: 2 survivors among 4 mutants." in page
    assert "| `service.vocabulary.calendar` | 2 | 1 |" in page
    assert "| `service.vocabulary.calendar.last_day_of` | survived | 1 |" in page
    assert "| `service.cases.rules.consents.PurposeConsent.is_sufficient` | no tests | 1 |" in page


@broken_by(
    "The record of mutants names every module whose rules are changed",
    "pyproject.toml",
    '    "service/retention/rules/terms.py",\n',
    '    "service/retention/rules/terms.py", "service/cases/rules/attention.py",\n',
)
def test_the_record_names_every_module_that_is_changed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    record = RECORD.read_text(encoding="utf-8")
    modules = [file.removesuffix(".py").replace("/", ".") for file in settings["only_mutate"]]

    assert [module for module in modules if f"| `{module}` |" not in record] == []
    assert all((ROOT / file).exists() for file in settings["pytest_add_cli_args_test_selection"])
