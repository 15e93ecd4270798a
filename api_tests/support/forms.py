"""A complete, valid example of each form, in the words of practice. All of it is fictional.

Past days lie in 2025, planned days in 2030, so that the examples stay valid while the tests run in between.
"""

from copy import deepcopy
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel

from api_tests.support.forms_at_the_table import AT_THE_TABLE
from api_tests.support.forms_of_help import OF_HELP
from api_tests.support.forms_of_referral import OF_REFERRAL

FILLED: dict[str, dict[str, Any]] = OF_REFERRAL | AT_THE_TABLE | OF_HELP

# Written by hand: forms in which practice makes no field obligatory.
ASK_NOTHING = frozenset({"reassignment@1", "triage_start@1", "escalation_conclusion@1", "reconsideration_start@1"})

_LINE_FIELDS = frozenset({"providerId", "payerId"})


def filled(form: str, **changes: Any) -> dict[str, Any]:
    """The example with these fields replaced, by snake_case or camelCase name.

    `provider_id` and `payer_id` go to every line of an advice that has a provider.
    """
    body = deepcopy(FILLED[form])
    for name, value in changes.items():
        key, plain = to_camel(name), str(value) if isinstance(value, UUID) else value
        lines = [line for line in body.get("lines", ()) if "providerId" in line]
        if key in _LINE_FIELDS and lines:
            for line in lines:
                line[key] = plain
        else:
            body[key] = plain
    return body
