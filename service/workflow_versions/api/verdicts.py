"""Views of the verdict on a running part, and fields that trials and plans share."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from service.http.json_models import View
from service.vocabulary.form_parts import Fault
from service.vocabulary.messages import render_message
from service.workflow_versions.rules import Fit, Verdict

StateName = Annotated[str, StringConstraints(max_length=60)]


WorkflowHash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


MappedStates = Annotated[
    dict[StateName, StateName],
    Field(max_length=200, description="By state of the old workflow: the state of the new one that replaces it."),
]


class ReasonView(View):
    """A reason, with its sentence in Dutch and English."""

    code: str
    nl: str
    en: str


class TakenStepView(View):
    """A kind of step: trigger, state before and state after."""

    trigger: str
    source: str
    target: str


class VerdictView(View):
    """The verdict on a part. `unknownSteps`: its steps that the other workflow does not have; they block nothing."""

    case_id: UUID
    part_id: UUID
    state: str
    verdict: Fit
    target: str
    reasons: list[ReasonView]
    unknown_steps: list[TakenStepView]


def verdict_views(verdicts: Iterable[Verdict]) -> list[VerdictView]:
    return [
        VerdictView(
            case_id=verdict.part.case_id,
            part_id=verdict.part.id,
            state=verdict.part.state,
            verdict=verdict.fit,
            target=verdict.target,
            reasons=[_reason(fault) for fault in verdict.reasons],
            unknown_steps=[TakenStepView(**step._asdict()) for step in verdict.unknown_steps],
        )
        for verdict in verdicts
    ]


def _reason(fault: Fault) -> ReasonView:
    words = render_message("faults", fault.code, fault.params)
    return ReasonView(code=fault.code, nl=words.nl, en=words.en)
