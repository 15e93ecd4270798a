"""A screen can be drawn from the API alone: every form as JSON Schema, with its labels and its code lists."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import RULES, form_for
from service.kinds import KINDS

pytestmark = pytest.mark.server


def form(service: RunningService, name: str) -> dict[str, Any]:
    answer = httpx.get(f"{service.url}/v1/forms/{name}")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def members(schema: Any) -> list[dict[str, Any]]:
    """Returns every member of the schema, at any depth."""
    if isinstance(schema, list):
        return [member for item in schema for member in members(item)]
    if not isinstance(schema, dict):
        return []
    direct_members = list(schema.get("properties", {}).values()) if isinstance(schema.get("properties"), dict) else []
    return direct_members + [member for item in schema.values() for member in members(item)]


def test_every_form_of_every_workflow_is_listed_with_its_label(service: RunningService) -> None:
    forms = httpx.get(f"{service.url}/v1/forms").json()["items"]

    assert {item["name"] for item in forms} == set(KINDS.forms)
    assert all(
        item["label"]["nl"] and item["label"]["en"] and item["href"] == f"/v1/forms/{item['name']}" for item in forms
    )
    problem_of(httpx.get(f"{service.url}/v1/forms/referral@9"), 404, "not_found")


@broken_by(
    "A form comes with the code lists that it uses",
    "service/reference/api/forms.py",
    'yield schema["x-code-list"]',
    "yield from ()",
)
def test_every_member_has_a_label_and_every_coded_one_the_codes_with_their_labels(service: RunningService) -> None:
    for name in KINDS.forms:
        document = form(service, name)
        with_codes = {
            code_list["name"]: {code["code"] for code in code_list["codes"]} for code_list in document["codeLists"]
        }
        for member in members(document["jsonSchema"]):
            assert member["title"], name
            assert member["x-title-nl"], name
            if "x-code-list" in member:
                assert set(member["enum"]) == with_codes[member["x-code-list"]], name


@pytest.mark.parametrize("kind", ["case", "commitment", "placement"])
def test_a_form_that_the_service_accepts_fits_its_published_schema(service: RunningService, kind: str) -> None:
    for trigger in RULES.current(kind).definition.triggers.values():
        filled = form_for(kind, trigger.name)
        if trigger.form and filled is not None:
            schema = form(service, trigger.form)["jsonSchema"]
            assert Draft202012Validator(schema).is_valid(filled), trigger.form
            assert not Draft202012Validator(schema).is_valid({**filled, "onbekend": 1}), trigger.form
