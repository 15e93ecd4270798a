"""A verdict on each running part, and the mapping of states it rests on: shared by trials and plans."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from service.http.json_models import View
from service.vocabulary.form_parts import Fault
from service.vocabulary.messages import say
from service.workflow_versions.rules import Fit, Verdict

StateName = Annotated[str, StringConstraints(max_length=60)]


Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


States = Annotated[
    dict[StateName, StateName],
    Field(max_length=200, description="State of the workflow that runs: state of the other that takes its place."),
]


class ReasonView(View):
    """What stands in the way."""

    code: str
    nl: str
    en: str


class TakenStepView(View):
    """A kind of step: what was done, from which state to which."""

    trigger: str
    source: str
    target: str


class VerdictView(View):
    """What would become of a part. `unknownSteps` it took and the other workflow does not have; they hinder nothing."""

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
            case_id=it.part.case_id,
            part_id=it.part.id,
            state=it.part.state,
            verdict=it.fit,
            target=it.target,
            reasons=[_reason(fault) for fault in it.reasons],
            unknown_steps=[TakenStepView(**step._asdict()) for step in it.unknown_steps],
        )
        for it in verdicts
    ]


def _reason(fault: Fault) -> ReasonView:
    words = say("faults", fault.code, fault.params)
    return ReasonView(code=fault.code, nl=words.nl, en=words.en)
