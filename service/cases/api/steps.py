"""Steps over HTTP, for the case and for each of its parts: route classes, the request and its answer."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Body, Response
from fastapi.types import DecoratedCallable
from typing_extensions import override

from service.cases.api.presenter import Presenter, ids_of_entry
from service.cases.api.step_bodies import StepBody
from service.cases.api.views import MadeView, OpenedView
from service.cases.rules.model import PartAddress
from service.cases.use_cases.rule_faults import rule_faults_of_step, rule_faults_of_submission
from service.cases.use_cases.take_step import StepReceipt, StepResult, perform_transition
from service.database.idempotency import IdempotencyKey, IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContext, app_context_of
from service.http.parameters import version_in
from service.http.responses import answer_idempotently
from service.http.strict_route import StrictRequest, StrictRoute
from service.identity.caller import Caller
from service.kinds import KINDS
from service.vocabulary.refusals import InputFault
from service.workflows.rules.kinds import PartKind, plural_of
from service.workflows.rules.rulebook import Rulebook


class StepRoute(StrictRoute):
    """A route that takes a step with a case or a part. Its 400 lists faults of rules as well as faults of types."""

    @property
    def _kind(self) -> PartKind:
        return next((kind for kind in KINDS.part_kinds if plural_of(kind) in self.path.split("/")), "case")

    @override
    async def faults_of_rules(self, request: StrictRequest) -> tuple[InputFault, ...]:
        ids, version = request.path_params, version_in(request.headers.get("if-match"))
        try:
            address = PartAddress(UUID(ids["caseId"]), UUID(ids.get("partId", ids["caseId"])), self._kind)
        except ValueError:
            return ()
        context, body = app_context_of(request), await request.json()
        return await context.database.read(
            lambda transaction: rule_faults_of_step(
                transaction, request.caller, address, body, rules=context.rules, version=version
            )
        )


class SubmissionRoute(StrictRoute):
    """The route that submits a case. Its 400 lists faults of rules as well as faults of types."""

    @override
    async def faults_of_rules(self, request: StrictRequest) -> tuple[InputFault, ...]:
        context, body = app_context_of(request), await request.json()
        return await context.database.read(
            lambda transaction: rule_faults_of_submission(transaction, request.caller, body, rules=context.rules)
        )


def with_step_body(step: Any) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """Decorate an endpoint so that its `body` has this type. FastAPI reads annotations at run time."""

    def annotate(endpoint: DecoratedCallable) -> DecoratedCallable:
        endpoint.__annotations__["body"] = Annotated[step, Body()]
        return endpoint

    return annotate


async def take_step_over_http(
    context: AppContext,
    caller: Caller,
    address: PartAddress,
    body: StepBody,
    idempotency_key: IdempotencyKey,
    version: int | None,
    response: Response,
) -> MadeView:
    """Take a step with the part at `address`, in one transaction that commits before the answer."""

    def work(transaction: Transaction) -> IdempotentResult[MadeView]:
        step = body.to_step(transaction.now)
        result = perform_transition(
            transaction,
            caller,
            address,
            step,
            idempotency_key,
            version=version,
            rules=context.rules,
            after_steps=context.after_steps,
            new_id=uuid4,
        )
        return step_result_view(transaction, context.rules, result)

    return answer_step(response, await context.database.write(work))


def step_result_view(
    transaction: Transaction, rules: Rulebook, outcome: IdempotentResult[StepResult | StepReceipt]
) -> IdempotentResult[MadeView]:
    """The answer to a step, built from its entry alone, so that a repeated request gets the same one.

    A person who lost sight of the part gets the case id and the version only.
    """
    result = outcome.value
    if isinstance(result, StepReceipt):
        return IdempotentResult(MadeView(case_id=result.case_id, version=result.number), outcome.repeated)
    entry = result.entry
    presenter = Presenter.of(transaction, rules, ids_of_entry(entry))
    view = MadeView(
        case_id=entry.case_id,
        number=result.number,
        transition=presenter.entry_view(entry, whole=result.may_read_case),
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
    return IdempotentResult(view, outcome.repeated)


def answer_step(response: Response, outcome: IdempotentResult[MadeView]) -> MadeView:
    """The answer, with its headers set. No Location for a person who lost sight of the part."""
    view, location = outcome.value, None
    if view.transition is not None:
        part = _path(view.case_id, view.transition.part_kind, view.transition.part_id)
        location = f"{part}/transitions/{view.version}"
    return answer_idempotently(response, outcome, version=view.version, location=location)


def _path(case_id: UUID, kind: str, part_id: UUID) -> str:
    case = f"/cases/{case_id}"
    return case if kind == "case" else f"{case}/{plural_of(kind)}/{part_id}"
