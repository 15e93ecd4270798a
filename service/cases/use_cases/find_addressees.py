"""Addressees that a form leaves open: the region's liaison and network, and the payer by the residence principle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

from service.cases.rules.forms.base import AddresseeRole
from service.cases.rules.forms.referral import Referral, Residence
from service.cases.rules.residence import municipality_and_basis
from service.cases.rules.steps import Situation, Step
from service.cases.use_cases.birth_month import last_entry_with_form
from service.cases.use_cases.current_form import read_current_form
from service.cases.use_cases.situation import log_reading_for_step
from service.database.transaction import Transaction
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Codes
from service.workflows.rules.machine import Decision

PAYER_BASIS = "payer_basis"


@dataclass(frozen=True, slots=True)
class Addressees:
    """Addressees of the parts that a step opens; None where there is no such organisation.

    `codes` go into the history. They say on which rule of residence the payer rests.
    """

    organisations: Mapping[AddresseeRole, UUID | None] = field(default_factory=dict)
    codes: Codes = field(default_factory=dict)


def find_addressees(
    transaction: Transaction, situation: Situation, step: Step, decision: Decision, trace_id: str
) -> Addressees:
    """Find the addressees of the parts that this step opens. The payer is shown and never required (I2)."""
    seeks: frozenset[AddresseeRole] = frozenset().union(
        *(situation.kinds[kind].looked_up_addressees for kind in decision.trigger.opens)
    )
    organisations, codes = dict(situation.addressees), Codes()
    if "network" in seeks:
        organisations["network"] = People(transaction).network_for(situation.case.region)
    if "payer" in seeks and _seeks_payer(situation, step, decision):
        organisations["payer"], codes[PAYER_BASIS] = _payer(transaction, situation, decision, trace_id)
    return Addressees(organisations, codes)


def _seeks_payer(situation: Situation, step: Step, decision: Decision) -> bool:
    """True when a line names no payer. Otherwise the places where the child lived need not be read."""
    context = situation.form_context(day_in_amsterdam(step.occurred_at))
    if step.form is None:
        return False
    openings = chain.from_iterable(step.form.openings(kind, context) for kind in decision.trigger.opens)
    return any(opening.addressee_role == "payer" for opening in openings)


def _payer(
    transaction: Transaction, situation: Situation, decision: Decision, trace_id: str
) -> tuple[UUID | None, tuple[str, ...]]:
    """Returns (payer, basis) by the residence principle, from the referral as amended.

    The payer is the organisation of a municipality, or None. The basis is one code of the list payer_basis.
    """
    residence = _residence(transaction, situation, decision, trace_id)
    code, basis = municipality_and_basis(residence) if residence else (None, "unknown")
    return People(transaction).municipality_with_code(code) if code else None, (basis,)


def _residence(transaction: Transaction, situation: Situation, decision: Decision, trace_id: str) -> Residence | None:
    referral = last_entry_with_form(situation.history, Referral.form_name)
    if referral is None:
        return None
    detail = f"{referral.form}#{referral.sequence}"
    log_reading_for_step(
        transaction, situation, decision, trace_id, activity="find_payer", purpose="finding_who_pays", detail=detail
    )
    form = read_current_form(transaction, referral, situation.history)
    # Not the whole form: an older release accepted texts that are refused today, and they stay readable.
    residence = form.get("residence")
    return None if residence is None else Residence.model_validate(residence, by_alias=True, by_name=False)
