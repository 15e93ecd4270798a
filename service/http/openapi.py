"""The document of the API, as the Dutch API Design Rules want it: OpenAPI 3.1, problems everywhere, versions named."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from pydantic.alias_generators import to_pascal

from service import API_VERSION
from service.http.problems import PROBLEM_JSON, camel

_REF = "#/components/schemas/{model}"
_REASONS = {
    400: "The request is not understood, or breaks a rule of its form: all faults at once.",
    401: "There is no valid token, or nobody here belongs to it.",
    403: "None of your roles may do this.",
    404: "It does not exist, or you may not know that it does.",
    406: "The answer is not to be had in a form that you accept.",
    409: "The request is sound but does not fit the case as it stands; the reasons are listed.",
    410: "The case was destroyed: here is the certificate, for whoever could see all of it.",
    412: "Somebody was first: look again and decide again.",
    413: "The request is too large.",
    415: "The request is not application/json.",
    428: "Say in If-Match which version you decided on.",
    429: "You asked more than is answered in a minute. Nothing was done; Retry-After says when to send it again.",
    503: "It cannot be done now. Nothing is known to be done; send the same request again.",
}
PUBLIC = {"x-public": True}


def may_refuse(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals that a route documents."""
    return {
        status: {
            "description": _REASONS[status],
            "content": {PROBLEM_JSON: {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
        for status in sorted({*statuses, 406})
    }


def takes(body: str) -> dict[str, Any]:
    """The body that a route reads itself: a name in `routes.BODIES`, or the kind of part whose triggers it takes."""
    return {"x-body": body}


def document(app: FastAPI, bodies: Mapping[str, TypeAdapter[Any]], public_url: str) -> dict[str, Any]:
    """The whole document. Paths are relative to the server's address, which ends in the major version."""
    found = get_openapi(
        title="Casusroute",
        version=API_VERSION,
        openapi_version="3.1.0",
        summary="Complexe jeugdzorgcasussen, van aanmelding tot leertafel",
        description=_ABOUT,
        routes=app.routes,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        servers=[{"url": f"{public_url}/v1"}],
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    found["info"]["contact"] = {
        "name": "Casusroute",
        "url": "https://casusroute.example",
        "email": "api@casusroute.example",
    }
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    found["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)"}
    }
    found["components"]["headers"] = _HEADERS
    found["security"] = [{"bearer": []}]
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, path, bodies, schemas)
    tidied: dict[str, Any] = _tidy(found)
    return tidied


def _complete(
    operation: dict[str, Any], method: str, path: str, bodies: Mapping[str, TypeAdapter[Any]], schemas: dict[str, Any]
) -> None:
    body = operation.pop("x-body", None)
    if operation.pop("x-public", False):
        operation["security"] = []
    if body is not None:
        operation["requestBody"] = _request_body(body, bodies[body], schemas)
    operation["tags"] = operation["tags"][-1:]
    operation["summary"] = re.split(r"[.:;](?:\s|$)", operation["description"])[0]
    operation["responses"].pop("422", None)
    # Whatever is asked can be too much, or too much at once.
    always = {str(status): it for status, it in may_refuse(429, 503).items()}
    if path.startswith("/cases/{") or (path == "/cases" and method == "post"):
        # Every case may be destroyed some day; a submission that is sent again after that hears so as well.
        always["410"] = may_refuse(410)[410]
    operation["responses"] = dict(sorted({**always, **operation["responses"]}.items()))
    if method == "post" and path not in _NOT_ONCE:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    if "428" in operation["responses"]:
        operation.setdefault("parameters", []).append(_IF_MATCH)
    for status, response in operation["responses"].items():
        names = ["API-Version", "traceparent"]
        names += ["Content-Language"] if status >= "400" else []
        names += ["ETag"] if status < "300" and "428" in operation["responses"] else []
        names += ["Location", "Idempotent-Replayed", "ETag"] if status == "201" else []
        names += ["Retry-After"] if status in ("429", "503") else []
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    operation["operationId"] = camel(operation["operationId"])


def _request_body(name: str, adapter: TypeAdapter[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = adapter.json_schema(ref_template=_REF, by_alias=True)
    schemas.update(schema.pop("$defs", {}))
    title = schema.setdefault("title", f"{to_pascal(name)}Step")
    schemas[title] = schema
    return {"required": True, "content": {"application/json": {"schema": {"$ref": _REF.format(model=title)}}}}


def _tidy(value: Any) -> Any:
    """Names in camel case where people read them, and `null` said as a type where it can be."""
    if isinstance(value, list):
        return [_tidy(it) for it in value]
    if not isinstance(value, dict):
        return value
    tidied = {_camel_path(name): _tidy(it) for name, it in value.items()}
    if tidied.get("in") == "path":
        tidied["name"] = camel(tidied["name"])
    return _nullable(tidied)


def _camel_path(name: Any) -> Any:
    if isinstance(name, str) and name.startswith("/"):
        return re.sub(r"\{(\w+)\}", lambda match: "{" + camel(match[1]) + "}", name)
    return name


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """{"anyOf": [{"type": T, ...}, {"type": "null"}]} as {"type": [T, "null"], ...}: so that formats are seen."""
    options = schema.get("anyOf")
    if not (isinstance(options, list) and len(options) == 2 and options[1] == {"type": "null"}):  # noqa: PLR2004 - a pair
        return schema
    first = options[0]
    if not isinstance(first.get("type"), str) or "enum" in first or "const" in first:
        return schema
    rest = {name: it for name, it in schema.items() if name != "anyOf"}
    return {**first, **rest, "type": [first["type"], "null"]}


_ABOUT = """Casusroute routes complex youth-care cases through a regional expert team: referral, review, binding advice,
placement, escalation, follow-up. Every change is a transition that somebody made; the history is the case.

Every change carries `If-Match` with the version it was decided on and an `Idempotency-Key`: the same request never acts
twice. Times are answered in UTC, days are days in Europe/Amsterdam. Names of things are English; labels, titles and
reasons come in Dutch and English (`Accept-Language`)."""

_TAGS = {
    "cases": "Submitting cases, following them, and taking the next step.",
    "parts": "What lives a life of its own beside the case: placements, commitments, fundings, escalations, "
    "questions, reconsiderations and follow-ups.",
    "advice": "The advice, version by version.",
    "work": "What waits for whom.",
    "access": "Who saw which file and why, and everything that is held about a case, in plain words.",
    "drafts": "Referrals that are not sent yet.",
    "events": "What happened, for other systems: feeds to pull, and webhooks.",
    "offer": "What help there is: functions, places and waiting times as providers stated them; and what is missing.",
    "retention": "How long files are kept, what keeps one longer, and destroying them: signed by two, and proved.",
    "learning": "De-identified histories for the learning table.",
    "administration": "Organisations, people, memberships, who is there for which region, and what regions decide.",
    "reference": "Regions, municipalities, organisations, code lists and workflows.",
    "service": "The service itself.",
}

_NOT_ONCE = ("/demonstration/tokens", "/person-searches", "/workflow-trials")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Your own key of this request: sent again with the same key it acts once and answers the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
    "example": "d1f4a7c2-66f0-4a8e-9a53-1c1b0b6f6a11",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The version you decided on, as the ETag of what you read.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
    "example": '"3"',
}
_HEADERS = {
    "API-Version": {"description": "Version of this API.", "schema": {"type": "string"}},
    "ETag": {"description": "Version of what is shown; send it back in If-Match.", "schema": {"type": "string"}},
    "traceparent": {"description": "W3C Trace Context: your trace, or a new one.", "schema": {"type": "string"}},
    "Content-Language": {"description": "Of title and detail.", "schema": {"type": "string", "enum": ["nl", "en"]}},
    "Location": {"description": "Where it stands.", "schema": {"type": "string", "format": "uri-reference"}},
    "Idempotent-Replayed": {
        "description": "There when this request was answered before: it did not act again.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457, with the code and the facts of the refusal as further members.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "In the language of Accept-Language; Dutch otherwise."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "trigger": {"type": "string"},
        "state": {"type": "string"},
        "allowedTriggers": {"type": "array", "items": {"type": "string"}},
        "roles": {"type": "array", "items": {"type": "string"}},
        "version": {"type": "integer", "description": "The version that holds now."},
        "won": {"type": "object", "description": "What came first."},
        "region": {"type": "string"},
        "id": {"type": "string", "description": "Of what is there already."},
        "purpose": {"type": "string", "description": "What there is no consent to or legal ground for."},
        "purposeNl": {"type": "string"},
        "purposeEn": {"type": "string"},
        "destroyedOn": {"type": "string", "format": "date", "description": "Of a case that was destroyed."},
        "groundNl": {"type": "string"},
        "groundEn": {"type": "string"},
        "certificate": {"type": "object", "description": "What is left of a case that was destroyed."},
        "obstacles": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "nl", "en"],
                "properties": {"code": {"type": "string"}, "nl": {"type": "string"}, "en": {"type": "string"}},
            },
        },
        "lastDay": {"type": "string", "format": "date", "description": "Of an offer that ended."},
        "checks": {"type": "array", "items": {"type": "string"}, "description": "What is not in order, in codes."},
        "seconds": {"type": "integer", "description": "To wait before the next try."},
        "unmetGuards": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "nl", "en"],
                "properties": {"code": {"type": "string"}, "nl": {"type": "string"}, "en": {"type": "string"}},
            },
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "location", "code", "nl", "en"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "header", "path"]},
                    "location": {"type": "string", "description": "JSON Pointer, or the name of the parameter."},
                    "code": {"type": "string"},
                    "nl": {"type": "string"},
                    "en": {"type": "string"},
                },
            },
        },
    },
}
