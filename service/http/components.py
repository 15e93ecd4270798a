"""Components of the OpenAPI document that all operations share: the problem schema, its responses, the headers."""

from typing import Any

from service.http.problems import PROBLEM_JSON

# Status -> name of its response in the OpenAPI document, and its description.
_REFUSALS = {
    400: ("Invalid", "The request is not understood, or breaks a rule of its form: all faults at once."),
    401: ("NotKnown", "There is no valid token, or nobody here belongs to it."),
    403: ("NotAllowed", "None of your roles may do this."),
    404: ("NotFound", "It does not exist, or you may not know that it does."),
    406: ("NotAcceptable", "The answer is not to be had in a form that you accept."),
    409: ("NotPossible", "The request is sound but does not fit the case as it stands; the reasons are listed."),
    410: ("CaseDestroyed", "The case was destroyed: here is the certificate, for whoever could see all of it."),
    412: ("Stale", "Somebody was first: look again and decide again."),
    413: ("TooLarge", "The request is too large."),
    415: ("UnsupportedMediaType", "The request is not application/json."),
    428: ("VersionMissing", "Say in If-Match which version you decided on."),
    429: (
        "TooMany",
        "You asked more than is answered in a minute. Nothing was done; Retry-After says when to send it again.",
    ),
    503: ("Unavailable", "It cannot be done now. Nothing is known to be done; send the same request again."),
}
_STATUSES_WITH_RETRY_AFTER = (429, 503)


def refusal(status: int) -> dict[str, Any]:
    """Returns a reference to the response of this status."""
    return {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"}


def header_references(*names: str) -> dict[str, Any]:
    """Returns references to the headers of a response, by header name."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("API-Version", "traceparent", *names)}


def responses() -> dict[str, Any]:
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


HEADERS = {
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
PROBLEM = {
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
        "mediaTypes": {"type": "array", "items": {"type": "string"}, "description": "The forms in which it answers."},
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
