"""What we ask of the document beyond the official linter, which does not see these (reading/case-systems 4.3)."""

import re
from collections.abc import Iterator
from itertools import pairwise

from api_tests.support.design_rules import Document, Rule
from api_tests.support.openapi_documents import everything, operations, properties, resolved, responses

OUR_RULES: dict[str, Rule] = {}

_VERBS = "add amend assign cancel change close create decide delete do edit escalate fetch fire find get issue list"
_VERBS += " make move post put read refer refuse remove search send set start stop submit update verify withdraw write"


def rule(check: Rule) -> Rule:
    OUR_RULES[check.__name__.replace("_", "-")] = check
    return check


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


@rule
def nouns_in_paths(document: Document) -> Iterator[str]:
    for path in document["paths"]:
        if any(segment.split("-")[0] in _VERBS.split() for segment in _segments(path)):
            yield path


@rule
def plural_collections(document: Document) -> Iterator[str]:
    for path in document["paths"]:
        steps = _segments(path)
        if any(after.startswith("{") and not one.endswith(("s", "people")) for one, after in pairwise(steps)):
            yield path


@rule
def camel_case_in_paths(document: Document) -> Iterator[str]:
    named = ((path, name) for path in document["paths"] for name in re.findall(r"\{(.+?)\}", path))
    yield from (path for path, name in named if not re.fullmatch("[a-z][a-zA-Z0-9]*", name))


@rule
def no_default_responses(document: Document) -> Iterator[str]:
    yield from (path for path, _ in responses(document, r"default|\dXX"))


@rule
def only_problems_on_refusal(document: Document) -> Iterator[str]:
    for path, response in responses(document, r"[45]\d\d"):
        if list(resolved(document, response).get("content", ())) != ["application/problem+json"]:
            yield path


@rule
def no_422(document: Document) -> Iterator[str]:
    yield from (path for path, _ in responses(document, "422"))


@rule
def days_are_dates_and_moments_are_date_times(document: Document) -> Iterator[str]:
    for path, name, schema in properties(document):
        formats = {it.get("format") for _, it in everything(schema) if isinstance(it, dict)} - {None}
        if re.search(r"[a-z]On$|date$|datum$", name, re.IGNORECASE) and "date-time" in formats:
            yield path
        if re.search(r"[a-z]On$", name) and "date" not in formats:
            yield path
        if re.search(r"[a-z]At$", name) and "date" in formats:
            yield path


@rule
def operations_are_described(document: Document) -> Iterator[str]:
    tags = {tag["name"] for tag in document["tags"] if tag.get("description")}
    for path, method, it in operations(document):
        named = re.fullmatch("[a-z]+([A-Z][a-z0-9]*)*", it.get("operationId", ""))
        placed = len(it["tags"]) == 1 and set(it["tags"]) <= tags
        if not (named and placed and it.get("summary") and it.get("description")):
            yield f"{method} {path}"


@rule
def unions_are_told_apart(document: Document) -> Iterator[str]:
    """A choice between objects is made by a member, told twice: by a mapping, and by its constant in each choice.

    Some generators read the one, some the other. Without a mapping clients of openapi-generator cannot send a step:
    `typescript` 7.26.0 throws, `typescript-fetch` 7.17.0 sends an empty form.
    """
    for path, method, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = resolved(document, content["schema"])
            if "anyOf" in schema or ("oneOf" in schema and _mapped(schema) != _constants(document, schema)):
                yield f"{method} {path}"


def _mapped(union: Document) -> set[tuple[str, str]]:
    """The names of the choices, each with its reference."""
    return set(union.get("discriminator", {}).get("mapping", {}).items())


def _constants(document: Document, union: Document) -> set[tuple[str, str]]:
    member = union.get("discriminator", {}).get("propertyName", "")
    options = {it["$ref"]: resolved(document, it) for it in union["oneOf"]}
    told = {ref: it["properties"].get(member, {}) for ref, it in options.items() if member in it["required"]}
    return {(told.get(ref, {}).get("const", ""), ref) for ref in options}


@rule
def every_change_acts_once(document: Document) -> Iterator[str]:
    """Idempotency-Key on what makes something, If-Match on what changes it; a token, search or trial makes nothing."""
    for path, method, it in operations(document):
        headers = {p["name"] for p in it.get("parameters", ()) if p["in"] == "header" and p.get("required")}
        wanted = {"Idempotency-Key"} if method == "post" else set()
        wanted |= {"If-Match"} if method in ("put", "patch", "delete") or path.endswith("/transitions") else set()
        if method in ("get", "head") or path in ("/demonstration/tokens", "/person-searches", "/workflow-trials"):
            wanted = set()
        if not wanted <= headers or (wanted and {"400", "401"} - set(it["responses"])):
            yield f"{method} {path}"


@rule
def bodies_are_json_and_limited(document: Document) -> Iterator[str]:
    for path, method, it in operations(document):
        body = it.get("requestBody")
        if body and (list(body["content"]) != ["application/json"] or not {"413", "415"} <= set(it["responses"])):
            yield f"{method} {path}"
