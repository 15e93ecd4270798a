"""Steps over HTTP, for the case and for each of its parts: route classes, the request and its answer."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Body, Response
from fastapi.types import DecoratedCallable
from typing_extensions import override

from service.cases.api.presenter import Drawing, ids_of_entry
from service.cases.api.step_bodies import StepBody
from service.cases.api.views import MadeView, OpenedView
from service.cases.use_cases.rule_faults import rule_faults_of_step, rule_faults_of_submission
from service.cases.use_cases.take_step import Made, StepNumber, perform_transition
from service.database.idempotency import IdempotencyKey, Outcome
from service.database.transaction import Transaction
from service.http.house import House, house_of
from service.http.parameters import VERSION
from service.http.responses import answer_once
from service.http.strict_route import StrictRequest, StrictRoute
from service.identity.caller import Caller
from service.vocabulary.refusals import InputFault
from service.workflows.rules.kinds import collection
from service.workflows.rules.rulebook import Rulebook


class StepRoute(StrictRoute):
    """A route that takes a step with a case or a part. Its 400 lists faults of rules as well as faults of types."""

    @override
    async def faults_of_rules(self, request: StrictRequest) -> tuple[InputFault, ...]:
        ids, match = request.path_params, VERSION.fullmatch(request.headers.get("if-match", ""))
        try:
            address = (UUID(ids["caseId"]), UUID(ids.get("partId", ids["caseId"])))
        except ValueError:
            return ()
        house, body = house_of(request), await request.json()
        version = int(match[1]) if match else None
        return await house.database.read(
            lambda transaction: rule_faults_of_step(
                transaction, request.caller, address, body, rules=house.rules, version=version
            )
        )


class SubmissionRoute(StrictRoute):
    """The route that submits a case. Its 400 lists faults of rules as well as faults of types."""

    @override
    async def faults_of_rules(self, request: StrictRequest) -> tuple[InputFault, ...]:
        house, body = house_of(request), await request.json()
        return await house.database.read(
            lambda transaction: rule_faults_of_submission(transaction, request.caller, body, rules=house.rules)
        )


def takes(step: Any) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """Decorate an endpoint so that its `body` has this type. FastAPI reads annotations at run time."""

    def annotate(endpoint: DecoratedCallable) -> DecoratedCallable:
        endpoint.__annotations__["body"] = Annotated[step, Body()]
        return endpoint

    return annotate


async def take_step(
    house: House,
    caller: Caller,
    address: tuple[UUID, UUID],
    body: StepBody,
    idempotency_key: IdempotencyKey,
    version: int | None,
    response: Response,
) -> MadeView:
    """Take a step with the part at `address` (case id, part id), in one transaction that commits before the answer."""

    def work(transaction: Transaction) -> Outcome[MadeView]:
        step = body.to_step(transaction.now)
        result = perform_transition(
            transaction, caller, address, step, idempotency_key, version=version, rules=house.rules, new_id=uuid4
        )
        return made_view(transaction, house.rules, result)

    return answer_step(response, await house.database.write(work))


def made_view(transaction: Transaction, rules: Rulebook, outcome: Outcome[Made | StepNumber]) -> Outcome[MadeView]:
    """The answer to a step, built from its entry alone, so that a repeated request gets the same one.

    A person who lost sight of the part gets the case id and the version only.
    """
    result = outcome.value
    if isinstance(result, StepNumber):
        return Outcome(MadeView(case_id=result.case_id, version=result.number), outcome.repeated)
    entry = result.entry
    presenter = Drawing.of(transaction, rules, ids_of_entry(entry))
    view = MadeView(
        case_id=entry.case_id,
        number=result.number,
        transition=presenter.transition(entry, whole=result.whole),
        version=entry.part_sequence,
        opened=[
            OpenedView(
                id=opening.part_id,
                kind=opening.part_kind,
                line=opening.line,
                state=opening.target,
                href=f"/v1{_path(opening.case_id, opening.part_kind, opening.part_id)}",
            )
            for opening in result.opened
        ],
    )
    return Outcome(view, outcome.repeated)


def answer_step(response: Response, outcome: Outcome[MadeView]) -> MadeView:
    """The answer, with its headers set. No Location for a person who lost sight of the part."""
    view, location = outcome.value, None
    if view.transition is not None:
        part = _path(view.case_id, view.transition.part_kind, view.transition.part_id)
        location = f"{part}/transitions/{view.version}"
    return answer_once(response, outcome, version=view.version, location=location)


def _path(case_id: UUID, kind: str, part_id: UUID) -> str:
    case = f"/cases/{case_id}"
    return case if kind == "case" else f"{case}/{collection(kind)}/{part_id}"
