"""Components of the OpenAPI document that all operations share: the problem schema, its responses, the headers."""

from typing import Any

from service.http.problems import PROBLEM_JSON

# Status -> name of its response in the OpenAPI document, and its description.
_REFUSALS = {
    400: ("Invalid", "The request cannot be read, or breaks a rule of its form. All faults are listed."),
    401: ("NotKnown", "The token is missing or not valid, or no person here belongs to it."),
    403: ("NotAllowed", "None of your roles may do this."),
    404: ("NotFound", "It does not exist, or you may not know that it exists."),
    406: ("NotAcceptable", "The answer is not available in a form that you accept."),
    409: (
        "NotPossible",
        "The request is valid but does not fit the present state of the case. The reasons are listed.",
    ),
    410: (
        "CaseDestroyed",
        "The case or the content was destroyed. Readers of the whole case get the certificate of a case.",
    ),
    412: ("Stale", "Somebody else was first: read again and decide again."),
    413: ("TooLarge", "The request is too large."),
    415: ("UnsupportedMediaType", "The request is not application/json."),
    428: ("VersionMissing", "The header If-Match is missing: send the version that you decided on."),
    429: (
        "TooMany",
        "You sent too many requests in one minute. Nothing was done. Send it again after Retry-After.",
    ),
    503: (
        "Unavailable",
        "The service is not available just now. Send the same request again; it is carried out once.",
    ),
}
_STATUSES_WITH_RETRY_AFTER = (429, 503)


def refusal_reference(status: int) -> dict[str, Any]:
    """Returns a reference to the response of this status."""
    return {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"}


def header_references(*names: str) -> dict[str, Any]:
    """Returns references to the headers of a response, by header name."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("API-Version", "traceparent", *names)}


def problem_responses() -> dict[str, Any]:
    """Returns every response that carries a problem, by its name in the document."""
    return {name: _response(status, text) for status, (name, text) in _REFUSALS.items()}


def _response(status: int, text: str) -> dict[str, Any]:
    return {
        "description": text,
        "headers": header_references(
            "Content-Language", *(["Retry-After"] if status in _STATUSES_WITH_RETRY_AFTER else [])
        ),
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


RESPONSE_HEADERS = {
    "API-Version": {"description": "Version of this API.", "schema": {"type": "string"}},
    "ETag": {"description": "Version of this resource, to send in If-Match.", "schema": {"type": "string"}},
    "traceparent": {"description": "W3C Trace Context: your trace, or a new one.", "schema": {"type": "string"}},
    "Content-Language": {
        "description": "Language of title and detail.",
        "schema": {"type": "string", "enum": ["nl", "en"]},
    },
    "Location": {"description": "Path of the new resource.", "schema": {"type": "string", "format": "uri-reference"}},
    "Idempotent-Replayed": {
        "description": "Present when this request was answered before. The request was not carried out again.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
}
PROBLEM_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457, with the code and the facts of the refusal as further members.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "Title in the language of Accept-Language, or else in Dutch."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "trigger": {"type": "string"},
        "state": {"type": "string"},
        "allowedTriggers": {"type": "array", "items": {"type": "string"}},
        "roles": {"type": "array", "items": {"type": "string"}},
        "version": {"type": "integer", "description": "The present version."},
        "won": {"type": "object", "description": "The step that was recorded first."},
        "region": {"type": "string"},
        "id": {"type": "string", "description": "Id of the existing relation or person."},
        "purpose": {"type": "string", "description": "The purpose without consent or legal ground."},
        "purposeNl": {"type": "string"},
        "purposeEn": {"type": "string"},
        "destroyedOn": {
            "type": "string",
            "format": "date",
            "description": "Day on which the case or the content was destroyed.",
        },
        "groundNl": {"type": "string"},
        "groundEn": {"type": "string"},
        "certificate": {"type": "object", "description": "The certificate of the destroyed case."},
        "obstacles": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "nl", "en"],
                "properties": {"code": {"type": "string"}, "nl": {"type": "string"}, "en": {"type": "string"}},
            },
        },
        "lastDay": {"type": "string", "format": "date", "description": "Last day of the offer."},
        "checks": {"type": "array", "items": {"type": "string"}, "description": "Codes of the failing checks."},
        "mediaTypes": {"type": "array", "items": {"type": "string"}, "description": "Media types of this address."},
        "seconds": {"type": "integer", "description": "Seconds to wait before the next try."},
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
