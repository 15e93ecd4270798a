"""The OpenAPI 3.1 document, completed as the Dutch API Design Rules require: problems, versions, headers, examples."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service import API_VERSION
from service.http.components import (
    PROBLEM_SCHEMA,
    RESPONSE_HEADERS,
    header_references,
    problem_responses,
    refusal_reference,
)
from service.http.negotiation import JSON
from service.http.problems import camel_case
from service.http.strict_route import StrictRoute

Json = dict[str, Any]
# References of docstrings to rules of this project, as " (decision 0010)" or " (I2, R65)".
_RULE_REFERENCE = re.compile(r" \((?:[^()]*decision [0-9]+[^()]*|[RIT][0-9]+(?:(?:, |-)[RIT][0-9]+)*)\)")
# A property with at least _MIN_KEYWORDS keywords, equal in at least _MIN_MODELS models, becomes a shared schema.
_MIN_MODELS, _MIN_KEYWORDS = 25, 5
# Any request may be malformed, ask for an unknown media type, be one too many, or meet a busy database.
_REFUSALS_OF_EVERY_ROUTE = frozenset({400, 406, 429, 503})


def refusal_responses(*statuses: int) -> dict[int | str, Json]:
    """Returns the `responses` of a route for refusals that do not follow from its parameters; see `_refusals`."""
    return {status: {} for status in statuses}


def media_type_responses(*media_types: str) -> dict[int | str, Json]:
    """Returns the `responses` of a route that also answers in these media types."""
    return {200: {"content": {media_type: {"schema": {"type": "string"}} for media_type in media_types}}}


def build_openapi_document(app: FastAPI, public_url: str, examples: Json) -> Json:
    """Returns the whole document. Paths are relative to the server's URL, which ends in the major version.

    `examples`: bodies by operationId and name, each with its `summary` and `value`.
    """
    draft = get_openapi(
        title="Casusroute",
        version=API_VERSION,
        openapi_version="3.1.0",
        summary="Complexe jeugdzorgcasussen, van aanmelding tot leertafel",
        description=_ABOUT,
        routes=app.routes,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        servers=[{"url": f"{public_url}/v1"}],
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        separate_input_output_schemas=False,
    )
    draft["info"]["contact"] = {
        "name": "Casusroute",
        "url": "https://casusroute.example",
        "email": "api@casusroute.example",
    }
    for route in app.routes:
        if isinstance(route, StrictRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(draft["paths"][route.path_format][method.lower()], route, examples)
    components = draft["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["schemas"] = dict(sorted({**components["schemas"], "Problem": PROBLEM_SCHEMA}.items()))
    components["parameters"] = _share_parameters(draft)
    components["responses"] = problem_responses()
    components["headers"] = RESPONSE_HEADERS
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)"}}
    draft["security"] = [{"bearer": []}]
    completed: Json = clean_schema(draft)
    _describe_defaults(completed)
    _share_members(completed["components"]["schemas"])
    return completed


def _complete(operation: Json, route: StrictRoute, examples: Json) -> None:
    """Add summary, examples, refusals and headers to an operation."""
    if route.is_public:
        operation["security"] = []
    operation["summary"] = re.split(r"[.:;](?:\s|$)", operation["description"])[0]
    operation["operationId"] = camel_case(operation["operationId"])
    if bodies := examples.get(operation["operationId"]):
        operation["requestBody"]["content"][JSON]["examples"] = bodies
    parameters = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
    for parameter in parameters.values():
        _simplify_parameter(parameter)
    if "If-Match" in parameters:
        parameters["If-Match"]["required"] = True  # its absence is a 428, after the refusals that come before it
    refusals = {str(status): refusal_reference(status) for status in _refusals(route, parameters)}
    answers = {status: answer for status, answer in operation["responses"].items() if status < "300"}
    for status, answer in answers.items():
        answer["headers"] = header_references(*_headers(status, parameters))
    operation["responses"] = dict(sorted({**answers, **refusals}.items()))


def _refusals(route: StrictRoute, parameters: Json) -> set[int]:
    """Returns the statuses that a route declares and those that follow from its parameters, body and path."""
    statuses = {int(status) for status in route.responses if int(status) >= 400}  # noqa: PLR2004 - where refusals begin
    statuses_of_parameter = {
        "If-Match": {412, 428},
        "Idempotency-Key": {409},  # the key of another request
    }
    statuses |= {status for name in parameters for status in statuses_of_parameter.get(name, ())}
    statuses |= set() if route.is_public else {401}
    statuses |= {413, 415} if route.body_field else set()
    statuses |= {404} if any(parameter["in"] == "path" for parameter in parameters.values()) else set()
    # Any case may be destroyed later; a repeated submission of a destroyed case is a 410 as well.
    submits = route.path == "/cases" and "POST" in (route.methods or ())
    return statuses | _REFUSALS_OF_EVERY_ROUTE | ({410} if route.path.startswith("/cases/{") or submits else set())


def _headers(status: str, parameters: Json) -> Iterator[str]:
    if status == "201" or "If-Match" in parameters:
        yield "ETag"
    if status == "201":
        yield from ("Location", "Idempotent-Replayed")


def _simplify_parameter(parameter: Json) -> None:
    """Remove null from the schema of a parameter, and the description that stands in its schema a second time."""
    schema = parameter["schema"]
    options = [option for option in schema.pop("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        schema.update(options[0])
    elif options:
        schema["anyOf"] = options
    examples = schema.pop("examples", ())
    for name in ("description", "title"):
        schema.pop(name, None)
    if examples:
        parameter["example"] = examples[0]


def _share_parameters(draft: Json) -> Json:
    """Replace each parameter of several operations by a reference. Returns these parameters by name."""
    operations = [operation for path in draft["paths"].values() for operation in path.values()]
    counts = Counter(json.dumps(parameter) for operation in operations for parameter in operation.get("parameters", ()))
    names: dict[str, str] = {}
    for text, count in counts.most_common():
        parameter = json.loads(text)
        name = parameter["name"]
        if name in names.values():
            name = f"{parameter['in']}-{name}"
        if count > 1 and name not in names.values():
            names[text] = name
    for operation in operations:
        for position, parameter in enumerate(operation.get("parameters", ())):
            if shared_name := names.get(json.dumps(parameter)):
                operation["parameters"][position] = {"$ref": f"#/components/parameters/{shared_name}"}
    return {name: json.loads(text) for text, name in sorted(names.items(), key=lambda text_and_name: text_and_name[1])}


def _share_members(schemas: Json) -> None:
    """Replace a member that is the same in many models by a reference to a schema of its own."""
    members = [(name, model["properties"]) for model in schemas.values() for name in model.get("properties", ())]
    counts = Counter(
        (name, json.dumps(properties[name])) for name, properties in members if len(properties[name]) >= _MIN_KEYWORDS
    )
    for (shared_name, text), count in counts.most_common():
        schema_name = shared_name[0].upper() + shared_name[1:]
        if count >= _MIN_MODELS and schema_name not in schemas:
            schemas[schema_name] = json.loads(text)
            for name, properties in members:
                if name == shared_name and json.dumps(properties[name]) == text:
                    properties[name] = {"$ref": f"#/components/schemas/{schema_name}"}


def clean_schema(value: Any) -> Any:
    """Returns the document, or a piece of it, without defaults of null and references to rules of this project."""
    if isinstance(value, list):
        return [clean_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {
        name: clean_schema(member) for name, member in value.items() if not (name == "default" and member is None)
    }
    if isinstance(text := schema.get("description"), str):
        schema["description"] = _RULE_REFERENCE.sub("", text)
    if code_list := schema.get("x-code-list"):
        schema["externalDocs"] = {"url": f"code-lists/{code_list}"}  # relative to the URL of the document
    return _merge_null(schema)


def _describe_defaults(draft: Json) -> None:
    """Move the defaults of members of bodies to their descriptions: some generators require a member with `default`."""
    for name in _body_schemas(draft):
        for member in draft["components"]["schemas"][name].get("properties", {}).values():
            if "default" in member:
                default = member.pop("default")
                sentence = f"{'Empty' if default == [] else json.dumps(default)} when left out."
                member["description"] = f"{member.get('description', '')} {sentence}".lstrip()


def _body_schemas(draft: Json) -> set[str]:
    """Returns the names of the schemas that request bodies use, at any depth."""
    body_schemas: set[str] = set()
    waiting = [operation.get("requestBody") for path in draft["paths"].values() for operation in path.values()]
    while waiting:
        names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop()))) - body_schemas
        body_schemas |= names
        waiting += [draft["components"]["schemas"][name] for name in names]
    return body_schemas


def _merge_null(schema: Json) -> Json:
    """Rewrite {"anyOf": [{"type": T, ...}, {"type": "null"}]} to {"type": [T, "null"], ...}: tools see the format."""
    options = schema.get("anyOf")
    if not (isinstance(options, list) and len(options) == 2 and options[1] == {"type": "null"}):  # noqa: PLR2004 - a pair
        return schema
    first = options[0]
    if not isinstance(first.get("type"), str) or "enum" in first or "const" in first:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**first, **rest, "type": [first["type"], "null"]}


_ABOUT = """Casusroute routes complex youth-care cases through a regional expert team: referral, review, binding advice,
placement, escalation, follow-up. Every change is a recorded transition of a person; the case is its history.

Nearly every request carries an access token (`Authorization: Bearer`) of an issuer that the installation trusts. In a
demonstration `GET /demonstration/people` lists the people to act as, and `POST /demonstration/tokens` gives a token.

Every change carries `If-Match` with the version that you decided on, and an `Idempotency-Key`. The same request is
never carried out twice. Times are in UTC, days are days in Europe/Amsterdam. Names are English. Labels, titles and
reasons are in Dutch and English (`Accept-Language`)."""

_TAGS = {
    "cases": "Submitting cases, following them, and taking the next step.",
    "parts": "Parts of a case with a workflow of their own: placements, commitments, fundings, escalations, "
    "questions, reconsiderations and follow-ups.",
    "advice": "The versions of the advice.",
    "work": "Work lists: cases and parts that wait for you, your organisation or your team.",
    "access": "The access log of a file, and the overview of all data about a case, in plain words.",
    "drafts": "Referrals that are not sent yet.",
    "events": "Events for other systems: feeds to read, and webhooks.",
    "offer": "Offers of providers with places and waiting times, and the help that is missing.",
    "retention": "Retention terms, legal holds, and the destruction of files with two signatures and a certificate.",
    "learning": "De-identified histories for the learning table.",
    "administration": "Organisations, people, memberships, coverage of regions, and settings of regions.",
    "reference": "Regions, municipalities, organisations, code lists and workflows.",
    "service": "The service itself.",
}
