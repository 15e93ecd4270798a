"""Whom a step seeks without naming them: the region's liaison and network, and the payer by the residence principle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from service.domain.amendments import as_amended
from service.domain.forms.base import Codes, Sought
from service.domain.forms.notes import Amendment
from service.domain.forms.referral import Referral, Residence
from service.domain.moves import Situation
from service.domain.residence import by_residence
from service.domain.workflow import Decision
from service.storage.access_log import Reading
from service.storage.unit import Unit

PAYER_BASIS = "payer_basis"


@dataclass(frozen=True, slots=True)
class Finds:
    """The organisations found, None where there is none; `codes` tell in the history what the finding rests on."""

    organisations: Mapping[Sought, UUID | None] = field(default_factory=dict)
    codes: Codes = field(default_factory=dict)


def find(unit: Unit, situation: Situation, decision: Decision, trace_id: str) -> Finds:
    """What the parts that this step opens may seek. Who pays is found and shown, and never required (I2)."""
    region, opens = situation.case.region, decision.trigger.opens
    if "escalation" in opens:
        return Finds({"liaison": unit.people.liaison_for(region), "network": unit.people.network_for(region)})
    if "funding" in opens:
        return _payer(unit, situation, decision, trace_id)
    return Finds()


def _payer(unit: Unit, situation: Situation, decision: Decision, trace_id: str) -> Finds:
    """The municipality by the residence principle, from the referral as it reads now."""
    residence = _residence(unit, situation, decision, trace_id)
    code, basis = by_residence(residence) if residence else (None, "unknown")
    return Finds({"payer": unit.people.municipality_of(code) if code else None}, {PAYER_BASIS: (basis,)})


def _residence(unit: Unit, situation: Situation, decision: Decision, trace_id: str) -> Residence | None:
    entries = [it for it in situation.history if it.part_kind == "case"]
    referral = next((it for it in reversed(entries) if it.form == Referral.form_name), None)
    if referral is None:
        return None
    amendments = [it.sequence for it in entries if it.form == Amendment.form_name]
    contents = unit.contents.open(situation.case.id, [referral.sequence, *amendments])
    unit.access_log.record(
        Reading(
            person_id=situation.actor.person_id,
            acting=decision.acting,
            activity="find_payer",
            purpose="finding_who_pays",
            case_id=situation.case.id,
            detail=f"{referral.form}#{referral.sequence}",
            trace_id=trace_id,
        )
    )
    changes = [contents[number].body["form"] for number in amendments]
    mine = [it for it in changes if it["amends"] == referral.part_sequence]
    form = as_amended(contents[referral.sequence].body["form"], mine)
    return Referral.model_validate(form, by_alias=True, by_name=False).residence
