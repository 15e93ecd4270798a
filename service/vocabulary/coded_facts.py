"""The coded facts of an entry: the code lists of its form, and facts with a vocabulary of their own."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from service.vocabulary.ages import AGE_BANDS
from service.vocabulary.code_lists import CODE_LISTS

_BANDS = "|".join(map(re.escape, AGE_BANDS))
_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PURPOSES = "|".join(CODE_LISTS["information_purpose"].codes)
# Releases before 0.4.1 recorded no day and no person who said it.
_CONSENT = rf"[a-z_]{{1,40}}:({_BANDS}|unknown):({_PURPOSES})(:{_DAY}(:[a-z0-9_-]{{1,40}})?)?"


def _any_of(code_list: str) -> str:
    return "|".join(map(re.escape, CODE_LISTS[code_list].codes))


# Name of the fact -> pattern of its codes. A name that is a code list has the codes of that list.
_PATTERNS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        name: re.compile(pattern, re.ASCII)
        for name, pattern in {
            "amends": r"[1-9][0-9]{0,8}",
            "amends_part": _ID,
            "by_line": "[A-Z]",
            "check_moment": "[a-z][a-z0-9_]{0,59}",
            "child_satisfied": _any_of("satisfaction"),
            "consent_ages": rf"{_DAY}:({_BANDS}|unknown)",
            "consent_given": _CONSENT,
            "consent_withdrawn": _CONSENT,
            "destroys": r"[1-9][0-9]{0,8}",
            "destroys_part": _ID,
            "enclosed": "explanatory_analysis|harm|outside_expert|plan_after_18",
            "granted_request": _ID,
            "goal": "[1-9][0-9]?|100",
            "heard": "child|parent",
            "line": "[A-Z]",
            "living_line": "[A-Z]",
            "missing_domain": _any_of("advice_domain"),
            "missing_function": _any_of("help_function"),
            "parents_satisfied": _any_of("satisfaction"),
            "payer_basis": "address|before_stay|mother_at_birth|unknown",
            "place_stable": "yes|no",
            "search": "bridging|region",
            "weighed": "removal|closed_stay",
        }.items()
    }
)


def is_coded_fact(name: str, code: object) -> bool:
    """True for a code of a known list, and for a code that a known fact may have."""
    if not isinstance(code, str):
        return False
    if name in CODE_LISTS:
        return code in CODE_LISTS[name].codes
    return name in _PATTERNS and _PATTERNS[name].fullmatch(code) is not None
