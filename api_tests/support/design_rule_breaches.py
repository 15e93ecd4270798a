"""One or more ways to break each rule. A rule that finds none of them proves nothing."""

from collections.abc import Callable
from typing import Any

Breach = Callable[[dict[str, Any]], object]
_CASES = "/cases"


def _get(document: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][_CASES]["get"]
    return operation


def _ok(document: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = _get(document)["responses"]["200"]
    return response


def _move(document: dict[str, Any], path: str) -> None:
    document["paths"][path] = document["paths"].pop(_CASES)


def _query(name: str) -> Breach:
    return lambda document: _get(document)["parameters"].append(
        {"name": name, "in": "query", "schema": {"type": "string"}}
    )


def _property(name: str, **schema: Any) -> Breach:
    return lambda document: document["components"]["schemas"]["PartView"]["properties"].update({name: schema})


def _schema_named(name: str) -> Breach:
    return lambda document: document["components"]["schemas"].update({name: {"type": "object"}})


def _path(path: str) -> Breach:
    return lambda document: _move(document, path)


def _server(url: str) -> Breach:
    return lambda document: document.update(servers=[{"url": url}])


def _response(status: str, **response: Any) -> Breach:
    return lambda document: _get(document)["responses"].update({status: {"description": "x", **response}})


def _without_a_field_of_contact(name: str) -> Breach:
    return lambda document: document["info"]["contact"].pop(name)


_PLAIN = {"application/json": {"schema": {"type": "object"}}}
_THIN = {"application/problem+json": {"schema": {"type": "object", "properties": {"title": {}, "status": {}}}}}

BREACHES: dict[str, list[Breach]] = {
    "oas3-schema": [lambda document: document["info"].pop("title"), lambda document: document.update(openapi="3.0.2")],
    "operation-operationId-unique": [lambda document: _get(document).update(operationId="submitCase")],
    "path-params": [
        _path("/cases/{x}"),
        lambda document: document["paths"]["/cases/{caseId}"]["get"].update(parameters=[]),
    ],
    "openapi-tags-uniqueness": [lambda document: document["tags"].append({"name": "cases"})],
    "oas3-valid-media-example": [
        lambda document: _ok(document)["content"]["application/json"].update(example={"items": 3}),
        lambda document: document["components"]["parameters"]["Idempotency-Key"].update(example=3),
    ],
    "oas3-valid-schema-example": [
        _property("kindOfPart", type="string", examples=[1]),
        _property("n", type="integer", default="x"),
    ],
    "oas3-server-variables": [_server("https://{region}.example/v1")],
    "oas3-api-servers": [lambda document: document.pop("servers")],
    "path-keys-no-trailing-slash": [_path("/cases/")],
    "nlgov:paths-no-trailing-slash": [_path("/cases/")],
    "nlgov:openapi3": [lambda document: document.update(openapi="2.0")],
    "nlgov:openapi-root-exists": [lambda document: document.pop("openapi")],
    "nlgov:missing-header": [lambda document: _ok(document).pop("headers"), _response("204")],
    "nlgov:missing-version-header": [lambda document: _ok(document)["headers"].pop("API-Version")],
    "nlgov:include-major-version-in-uri": [_server("https://casusroute.example")],
    "info-contact": [lambda document: document["info"].pop("contact")],
    "nlgov:info-contact-fields-exist": [_without_a_field_of_contact(name) for name in ("email", "name", "url")],
    "nlgov:http-methods": [lambda document: document["paths"][_CASES].update(trace={"responses": {}})],
    "nlgov:paths-kebab-case": [_path("/casesOfMine"), _path("/cases_of_mine"), _path("/cases:escalate")],
    "nlgov:query-keys-camel-case": [_query("due_before"), _query("due[gte]"), _query("DueBefore")],
    "nlgov:schema-camel-case": [_schema_named("case_in"), _schema_named("caseView")],
    "nlgov:servers-use-https": [_server("http://casusroute.example/v1")],
    "nlgov:use-problem-schema": [_response("404", content=_PLAIN)],
    "nlgov:problem-schema-members": [
        _response("404", content=_THIN),
        lambda document: document["components"]["schemas"]["Problem"]["properties"].pop("detail"),
    ],
    "nlgov:problem-invalid-input": [
        lambda document: _get(document)["responses"].pop("400"),
        lambda document: document["paths"]["/drafts/{draftId}"]["put"]["responses"].pop("400"),
        lambda document: document["components"]["schemas"]["CaseStep"].update(example={"postcode": "2011 AB"}),
    ],
    "nlgov:property-casing": [_property("due_on", type="string"), _property("DueOn", type="string")],
    "nlgov:date-time-ensure-timezone": [_property("seen", type="string", format="date-time-local")],
    "nlgov:time-without-timezone": [_property("opens", type="string", format="time")],
    "nlgov:specify-format-for-date-and-time": [
        _property("birthDate", type="string"),
        _property("datum", type="string"),
    ],
    "nlgov:use-date-instead-of-datetime": [_property("birthDate", type="string", format="date-time")],
    "nlgov:semver": [
        lambda document: document["info"].update(version="1.0"),
        lambda document: document["info"].update(version="01.0.0"),
    ],
}

BREACHES_OF_OURS: dict[str, list[Breach]] = {
    "nouns-in-paths": [_path("/create-case"), _path("/cases/{caseId}/escalate")],
    "plural-collections": [_path("/case/{caseId}")],
    "camel-case-in-paths": [_path("/cases/{case_id}")],
    "no-default-responses": [_response("default", content=_PLAIN), _response("4XX", content=_PLAIN)],
    "only-problems-on-refusal": [
        lambda document: document["components"]["responses"]["Invalid"]["content"].update(_PLAIN),
        lambda document: document["components"]["responses"]["Invalid"].pop("content"),
    ],
    "no-422": [_response("422", content=_THIN)],
    "days-are-dates-and-moments-are-date-times": [
        _property("besluitdatum", type="string", format="date-time"),
        _property("heardOn", type=["string", "null"], format="date-time"),
        _property("heardOn", type="string"),
        _property("heardAt", type="string", format="date"),
    ],
    "operations-are-described": [
        lambda document: _get(document).update(operationId="list_cases"),
        lambda document: _get(document).pop("description"),
        lambda document: _get(document).update(tags=["unheard-of"]),
    ],
    "unions-are-told-apart": [
        lambda document: document["components"]["schemas"]["CaseStep"].pop("discriminator"),
        lambda document: document["components"]["schemas"]["CaseStep"]["discriminator"]["mapping"].pop("amend"),
        lambda document: document["components"]["schemas"]["CaseStep"]["oneOf"].pop(),
        lambda document: document["components"]["schemas"]["CaseAmend"]["required"].remove("trigger"),
        lambda document: document["components"]["schemas"]["CaseAmend"]["properties"]["trigger"].update(const="close"),
    ],
    "every-change-acts-once": [
        lambda document: document["paths"][_CASES]["post"].update(parameters=[]),
        lambda document: document["paths"]["/drafts/{draftId}"]["delete"].update(parameters=[]),
    ],
    "bodies-are-json-and-limited": [
        lambda document: document["paths"][_CASES]["post"]["requestBody"]["content"].update({"text/plain": {}}),
        lambda document: document["paths"][_CASES]["post"]["responses"].pop("415"),
    ],
}
