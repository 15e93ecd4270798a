"""Clients of a released document work with this version: nothing is lost, and nothing is newly required."""

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from api_tests.support.compatibility import breaking_changes
from api_tests.support.releases import FOLDER
from service.commands.documents import openapi_text

RELEASED = sorted(FOLDER.glob("*.openapi.json"))


@cache
def present() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(openapi_text())
    return document


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.name.removesuffix(".openapi.json"))
def test_no_operation_member_or_code_of_a_released_document_is_lost_and_nothing_is_newly_required(file: Path) -> None:
    assert breaking_changes(json.loads(file.read_text(encoding="utf-8")), present()) == []


def test_the_document_of_each_release_since_0_3_0_is_compared() -> None:
    tags = ("0.3.0", "0.3.1", "0.3.2", "0.4.0")
    assert {f"{tag}.openapi.json" for tag in tags} <= {file.name for file in RELEASED}


def _schemas(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]


def _operation_lost(document: dict[str, Any]) -> str:
    del document["paths"]["/cases"]["post"]
    return "POST /cases: lost"


def _parameter_lost(document: dict[str, Any]) -> str:
    parameters = document["paths"]["/cases"]["get"]["parameters"]
    parameters.remove({"$ref": "#/components/parameters/query-number"})
    return "GET /cases: query number lost"


def _parameter_required(document: dict[str, Any]) -> str:
    document["components"]["parameters"]["query-number"]["required"] = True
    return "GET /cases: query number newly required"


def _status_lost(document: dict[str, Any]) -> str:
    del document["paths"]["/cases"]["post"]["responses"]["201"]
    return "POST /cases: 201 lost"


def _schema_lost(document: dict[str, Any]) -> str:
    del _schemas(document)["Problem"]
    return "Problem: lost"


def _member_lost(document: dict[str, Any]) -> str:
    del _schemas(document)["Problem"]["properties"]["detail"]
    return "Problem.detail: lost"


def _media_type_lost(document: dict[str, Any]) -> str:
    content = document["components"]["responses"]["Invalid"]["content"]
    content["application/json"] = content.pop("application/problem+json")
    return "POST /cases 400: application/problem+json lost"


def _code_lost(document: dict[str, Any]) -> str:
    _schemas(document)["Role"]["enum"].remove("chair")
    return "Role: code chair lost"


def _option_lost(document: dict[str, Any]) -> str:
    union = _schemas(document)["SubmissionStep"]
    name, reference = next(iter(union["discriminator"]["mapping"].items()))
    del union["discriminator"]["mapping"][name]
    union["oneOf"] = [option for option in union["oneOf"] if option["$ref"] != reference]
    return f"SubmissionStep: option {name} lost"


def _member_required(document: dict[str, Any]) -> str:
    referral = _schemas(document)["Referral"]
    name = next(member for member in referral["properties"] if member not in referral["required"])
    referral["required"].append(name)
    return f"Referral.{name}: newly required"


BREAKS = (
    _operation_lost, _parameter_lost, _parameter_required, _status_lost, _media_type_lost, _schema_lost, _member_lost,
    _code_lost, _option_lost, _member_required,
)  # fmt: skip


@pytest.mark.parametrize("breach", BREAKS, ids=lambda breach: breach.__name__.strip("_"))
def test_a_breach_for_clients_is_noticed(breach: Callable[[dict[str, Any]], str]) -> None:
    """The comparison above finds every kind of breach, so that its silence proves something."""
    document = deepcopy(present())

    expected = breach(document)

    assert expected in breaking_changes(present(), document)


def test_additions_break_no_client() -> None:
    document = deepcopy(present())
    document["paths"]["/added"] = document["paths"]["/cases"]
    _schemas(document)["Role"]["enum"].append("added")
    _schemas(document)["Referral"]["properties"]["added"] = {"type": "string"}
    _schemas(document)["Added"] = {"type": "object", "required": ["added"]}

    assert breaking_changes(present(), document) == []
