"""Amending: what an earlier form says with the changes in it, held against the same rules as the form itself."""

from service.domain.amendments import as_amended, merged
from service.domain.case import Transition
from service.domain.forms import FORMS
from service.domain.forms.base import Fault, Form
from service.domain.forms.notes import Amendment
from service.domain.moves import Situation
from service.domain.refusals import Invalid
from service.domain.workflow import Decision
from service.storage.access_log import Reading
from service.storage.unit import Unit
from service.use_cases.asking import in_body
from service.use_cases.bodies import form_from

# Issued advice is never corrected: any change is a new version (I13). Notes and amendments are followed by others.
NEVER_AMENDED = frozenset({"advice", "advice_revision", "amendment", "note", "reassignment"})


def amended(unit: Unit, situation: Situation, decision: Decision, amendment: Amendment, trace_id: str) -> Form:
    """The form as it reads after this amendment. Raises Invalid when it may not be amended, or not like this."""
    entry = _amendable(situation, decision, amendment)
    form, earlier = _as_it_stands(unit, situation, entry)
    unit.access_log.record(
        Reading(
            person_id=situation.actor.person_id,
            acting=decision.acting,
            activity="amend_case",
            purpose="keeping_the_case_correct",
            case_id=situation.case.id,
            detail=f"{entry.form}#{entry.sequence}",
            trace_id=trace_id,
        )
    )
    body = merged(as_amended(form, earlier), amendment.changes)
    return form_from(FORMS[entry.form or ""], body, under="/form/changes")


def _amendable(situation: Situation, decision: Decision, amendment: Amendment) -> Transition:
    """The entry of this part that is amended: made by the same organisation, and of a form that may be amended."""
    for entry in situation.history:
        if (entry.part_id, entry.part_sequence) != (situation.part.id, amendment.amends):
            continue
        kind = (entry.form or "note@1").partition("@")[0]
        if kind not in NEVER_AMENDED and entry.organisation_id == decision.acting.organisation_id:
            return entry
    raise Invalid((in_body(Fault("not_amendable", ("amends",))),))


def _as_it_stands(
    unit: Unit, situation: Situation, entry: Transition
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The form that was sent and the amendments it had since, in order."""
    amendments = [
        it.sequence for it in situation.history if it.part_id == entry.part_id and it.form == Amendment.form_name
    ]
    contents = unit.contents.open(situation.case.id, [entry.sequence, *amendments])
    earlier = [dict(contents[number].body["form"]) for number in amendments]
    mine = [it for it in earlier if it["amends"] == entry.part_sequence]
    return dict(contents[entry.sequence].body["form"]), mine
