"""The document of the API, as the Dutch API Design Rules want it: OpenAPI 3.1, problems everywhere, versions named."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service import API_VERSION
from service.http.components import HEADERS, PROBLEM, header_references, refusal, responses
from service.http.negotiation import JSON
from service.http.problems import camel
from service.http.strict_route import StrictRoute

Json = dict[str, Any]
# Where a docstring names the rule that it comes from, as in " (domain.md 2.7)" or " (I2, R65)".
_INTERNAL = re.compile(r" \((?:[^()]*(?:domain\.md|design decision)[^()]*|[RI][0-9]+(?:, [RI][0-9]+)*)\)")
# From how many models, and of how many keywords, a member stands by itself.
_OFTEN, _LARGE = 25, 5
# Whatever is asked can be malformed, in a form that is not to be had, too much, or too much at once.
_ALWAYS = frozenset({400, 406, 429, 503})


def may_refuse(*statuses: int) -> dict[int | str, Json]:
    """The refusals of a route that do not follow from its parameters; see `_refusals`."""
    return {status: {} for status in statuses}


def also_as(*media_types: str) -> dict[int | str, Json]:
    """The forms in which a route answers beside JSON."""
    return {200: {"content": {it: {"schema": {"type": "string"}} for it in media_types}}}


def document(app: FastAPI, public_url: str, examples: Json) -> Json:
    """The whole document. Paths are relative to the server's address, which ends in the major version.

    `examples`: bodies by operationId and name, each with its `summary` and `value`.
    """
    drawn = get_openapi(
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
    drawn["info"]["contact"] = {
        "name": "Casusroute",
        "url": "https://casusroute.example",
        "email": "api@casusroute.example",
    }
    for route in app.routes:
        if isinstance(route, StrictRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(drawn["paths"][route.path_format][method.lower()], route, examples)
    components = drawn["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["schemas"] = dict(sorted({**components["schemas"], "Problem": PROBLEM}.items()))
    components["parameters"] = _shared_parameters(drawn)
    components["responses"] = responses()
    components["headers"] = HEADERS
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)"}}
    drawn["security"] = [{"bearer": []}]
    document: Json = tidied(drawn)
    _tell_defaults(document)
    _share_members(document["components"]["schemas"])
    return document


def _complete(operation: Json, route: StrictRoute, examples: Json) -> None:
    if route.is_public:
        operation["security"] = []
    operation["summary"] = re.split(r"[.:;](?:\s|$)", operation["description"])[0]
    operation["operationId"] = camel(operation["operationId"])
    if bodies := examples.get(operation["operationId"]):
        operation["requestBody"]["content"][JSON]["examples"] = bodies
    parameters = {it["name"]: it for it in operation.get("parameters", ())}
    for it in parameters.values():
        _tell_once(it)
    if "If-Match" in parameters:
        parameters["If-Match"]["required"] = True  # without it 428 is answered, after everything that comes before
    refused = {str(status): refusal(status) for status in _refusals(route, parameters)}
    answered = {status: it for status, it in operation["responses"].items() if status < "300"}
    for status, it in answered.items():
        it["headers"] = header_references(*_headers(status, parameters))
    operation["responses"] = dict(sorted({**answered, **refused}.items()))


def _refusals(route: StrictRoute, parameters: Json) -> set[int]:
    """The statuses that a route names, and those that follow from what it takes."""
    named = {int(status) for status in route.responses if int(status) >= 400}  # noqa: PLR2004 - where refusals begin
    after = {
        "If-Match": {412, 428},
        "Idempotency-Key": {409},  # the key of another request
    }
    named |= {status for name in parameters for status in after.get(name, ())}
    named |= set() if route.is_public else {401}
    named |= {413, 415} if route.body_field else set()
    named |= {404} if any(it["in"] == "path" for it in parameters.values()) else set()
    # Every case may be destroyed some day; a submission that is sent again after that hears so as well.
    submits = route.path == "/cases" and "POST" in (route.methods or ())
    return named | _ALWAYS | ({410} if route.path.startswith("/cases/{") or submits else set())


def _headers(status: str, parameters: Json) -> Iterator[str]:
    if status == "201" or "If-Match" in parameters:
        yield "ETag"
    if status == "201":
        yield from ("Location", "Idempotent-Replayed")


def _tell_once(parameter: Json) -> None:
    """A parameter as clients read it: never null, its description beside its schema."""
    schema = parameter["schema"]
    options = [it for it in schema.pop("anyOf", ()) if it != {"type": "null"}]
    if len(options) == 1:
        schema.update(options[0])
    elif options:
        schema["anyOf"] = options
    examples = schema.pop("examples", ())
    for name in ("description", "title"):
        schema.pop(name, None)
    if examples:
        parameter["example"] = examples[0]


def _shared_parameters(drawn: Json) -> Json:
    """The parameters that several operations have, each once and referred to by its name."""
    every = [operation for path in drawn["paths"].values() for operation in path.values()]
    counted = Counter(json.dumps(it) for operation in every for it in operation.get("parameters", ()))
    names: dict[str, str] = {}
    for text, times in counted.most_common():
        it = json.loads(text)
        name = it["name"] if it["name"] not in names.values() else f"{it['in']}-{it['name']}"
        if times > 1 and name not in names.values():
            names[text] = name
    for operation in every:
        if "parameters" in operation:
            operation["parameters"] = [
                {"$ref": f"#/components/parameters/{names[text]}"} if (text := json.dumps(it)) in names else it
                for it in operation["parameters"]
            ]
    return {name: json.loads(text) for text, name in sorted(names.items(), key=lambda it: it[1])}


def _share_members(schemas: Json) -> None:
    """Make a member that is the same in many models a schema of its own, which they refer to."""
    members = [(name, of["properties"]) for of in schemas.values() for name in of.get("properties", ())]
    counted = Counter((name, json.dumps(of[name])) for name, of in members if len(of[name]) >= _LARGE)
    for (name, text), times in counted.most_common():
        shared = name[0].upper() + name[1:]
        if times >= _OFTEN and shared not in schemas:
            schemas[shared] = json.loads(text)
            for of in (of for it, of in members if it == name and json.dumps(of[name]) == text):
                of[name] = {"$ref": f"#/components/schemas/{shared}"}


def tidied(value: Any) -> Any:
    """The document, or a piece of it, without what tells its reader nothing: defaults of null, numbers of our rules."""
    if isinstance(value, list):
        return [tidied(it) for it in value]
    if not isinstance(value, dict):
        return value
    kept = {name: tidied(it) for name, it in value.items() if not (name == "default" and it is None)}
    if isinstance(text := kept.get("description"), str):
        kept["description"] = _INTERNAL.sub("", text)
    if code_list := kept.get("x-code-list"):
        kept["externalDocs"] = {"url": f"code-lists/{code_list}"}  # beside the document itself
    return _nullable(kept)


def _tell_defaults(drawn: Json) -> None:
    """Tell the defaults of members of bodies in words: clients are generated that demand what has the keyword."""
    for name in _sent(drawn):
        for member in drawn["components"]["schemas"][name].get("properties", {}).values():
            if "default" in member:
                default = member.pop("default")
                told = f"{'Empty' if default == [] else json.dumps(default)} when left out."
                member["description"] = f"{member.get('description', '')} {told}".lstrip()


def _sent(drawn: Json) -> set[str]:
    """The names of the schemas that stand in a body, at whatever depth."""
    found: set[str] = set()
    waiting = [operation.get("requestBody") for path in drawn["paths"].values() for operation in path.values()]
    while waiting:
        names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop()))) - found
        found |= names
        waiting += [drawn["components"]["schemas"][name] for name in names]
    return found


def _nullable(schema: Json) -> Json:
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

Nearly every request carries an access token (`Authorization: Bearer`) of an issuer that the installation trusts; in a
demonstration `GET /demonstration/people` says as whom you may act and `POST /demonstration/tokens` gives a token.

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
