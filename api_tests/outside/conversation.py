"""A local team submits a case, repeats the request, reads, and takes a step; a stale step is refused."""

import json
import sys
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

from casusroute_client.api.cases import add_transition, get_case, list_cases, list_transitions, submit_case
from casusroute_client.api.service import create_demonstration_token
from casusroute_client.client import AuthenticatedClient, Client
from casusroute_client.models import (
    CaseAddNote,
    History,
    MadeView,
    Note,
    Problem,
    Referral,
    SubmitBody,
    TokenBody,
    TokenView,
    WorkItemPage,
)
from casusroute_client.types import Response

base_url = sys.argv[1]
public_client = Client(base_url=base_url)
token = create_demonstration_token.sync(client=public_client, body=TokenBody(person="anna"))
assert isinstance(token, TokenView), token
anna = AuthenticatedClient(base_url=base_url, token=token.access_token)

referral = Referral.from_dict(json.loads(Path("referral.json").read_text(encoding="utf-8")))
submission = SubmitBody(trigger="submit", form=referral)
key = str(uuid4())
first = submit_case.sync_detailed(client=anna, body=submission, idempotency_key=key)
repeated = submit_case.sync(client=anna, body=submission, idempotency_key=key)
assert isinstance(first.parsed, MadeView), first.content
assert isinstance(repeated, MadeView), repeated
assert first.status_code == HTTPStatus.CREATED
assert repeated.case_id == first.parsed.case_id
case_id = first.parsed.case_id

version = get_case.sync_detailed(case_id, client=anna).headers["ETag"]


def add_note() -> Response[MadeView | Problem]:
    body = CaseAddNote(trigger="add_note", form=Note(text="Moeder belde: het gaat iets beter."))
    return add_transition.sync_detailed(case_id, client=anna, body=body, idempotency_key=str(uuid4()), if_match=version)


step = add_note()
stale = add_note()
assert isinstance(step.parsed, MadeView), step.content
assert step.headers["ETag"] == '"2"'
assert isinstance(stale.parsed, Problem), stale.content
assert stale.status_code == HTTPStatus.PRECONDITION_FAILED

history = list_transitions.sync(case_id, client=anna)
assert isinstance(history, History), history
assert [transition.trigger for transition in history.transitions] == ["submit", "add_note"]
cases = list_cases.sync(client=anna)
assert isinstance(cases, WorkItemPage), cases
assert case_id in [item.case_id for item in cases.items]
summary = f"submitted once, read at {version}, one step taken, one refused as {stale.parsed.code}"
print(f"{summary}, in a list of {len(cases.items)}")
