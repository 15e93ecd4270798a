"""What forms tell of the child and everything else may need to weigh: read as it stands after every amendment."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from service.domain.amendments import as_amended
from service.domain.case import Transition
from service.domain.forms.consult import ConsultRequest
from service.domain.forms.notes import Amendment
from service.domain.forms.referral import Referral
from service.storage.unit import Unit


def as_it_reads(
    unit: Unit, case_id: UUID, history: Sequence[Transition], *forms: str
) -> tuple[Transition, dict[str, Any]] | None:
    """The last entry of the case itself with one of these forms, and what it says now. Whoever reads it logs it."""
    entries = [it for it in history if it.part_kind == "case"]
    found = next((it for it in reversed(entries) if it.form in forms), None)
    if found is None:
        return None
    amendments = [it.sequence for it in entries if it.form == Amendment.form_name]
    contents = unit.contents.open(case_id, [found.sequence, *amendments])
    changes = [contents[number].body["form"] for number in amendments]
    mine = [it for it in changes if it["amends"] == found.part_sequence]
    return found, as_amended(contents[found.sequence].body["form"], mine)


def birth_month(unit: Unit, case_id: UUID, history: Sequence[Transition]) -> str | None:
    """The month in which the child was born; None where only a question was asked that does not tell."""
    for form in (Referral.form_name, ConsultRequest.form_name):
        if told := as_it_reads(unit, case_id, history, form):
            month: str | None = told[1].get("birthMonth")
            return month
    return None
