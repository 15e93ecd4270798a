"""Firing a trigger over HTTP: the same for the case and for each of its parts."""

from uuid import UUID, uuid4

from fastapi import Request, Response

from service.cases.api.presenter import Drawing, ids_of_entry
from service.cases.api.views import MadeView, OpenedView, StepNumberView
from service.cases.rules.model import Transition
from service.cases.use_cases.take_step import Made, StepNumber, perform_transition
from service.database.idempotency import IdempotencyKey, Outcome
from service.database.transaction import Transaction
from service.http.context import House, read_body
from service.http.responses import answer_once
from service.identity.caller import Caller
from service.workflows.rules.kinds import PartKind, collection
from service.workflows.rules.rulebook import Rulebook


async def fire(
    request: Request,
    house: House,
    caller: Caller,
    address: tuple[UUID, UUID],
    once: IdempotencyKey,
    version: int | None,
    *,
    kind: PartKind,
) -> Response:
    """Take a step with the part at `address` (case, part); one transaction, committed before the answer leaves."""
    body = await read_body(request, request.app.state.unions[kind], tagged=True)

    def work(transaction: Transaction) -> Response:
        step = body.to_step(transaction.now)
        made = perform_transition(
            transaction, caller, address, step, once, version=version, rules=house.rules, new_id=uuid4
        )
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)


def made_answer(transaction: Transaction, rules: Rulebook, outcome: Outcome[Made | StepNumber]) -> Response:
    """The answer to a transition, rebuilt from its entry alone: a repeated request gets the same one.

    A person who lost sight of the part gets the number that they were told, and no address.
    """
    made = outcome.value
    if isinstance(made, StepNumber):
        number = StepNumberView(case_id=made.case_id, version=made.number)
        return answer_once(outcome, number, version=made.number)
    entry = made.entry
    drawing = Drawing.of(transaction, rules, ids_of_entry(entry))
    view = MadeView(
        case_id=entry.case_id,
        number=made.number,
        transition=drawing.transition(entry, whole=made.whole),
        version=entry.part_sequence,
        opened=[
            OpenedView(id=it.part_id, kind=it.part_kind, line=it.line, state=it.target, href=f"/v1{_path(it)}")
            for it in made.opened
        ],
    )
    location = f"{_path(entry)}/transitions/{entry.part_sequence}"
    return answer_once(outcome, view, version=entry.part_sequence, location=location)


def _path(entry: Transition) -> str:
    case = f"/cases/{entry.case_id}"
    return case if entry.part_kind == "case" else f"{case}/{collection(entry.part_kind)}/{entry.part_id}"
