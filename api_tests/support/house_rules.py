"""Our rules for the document beyond the official linter, which does not check these (reading/case-systems 4.3)."""

import re
from collections.abc import Iterator
from itertools import pairwise

from api_tests.support.design_rules import Document, Rule
from api_tests.support.openapi_documents import operations, properties, resolve_reference, responses, walk_nodes

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
        if any(item.startswith("{") and not name.endswith(("s", "people")) for name, item in pairwise(steps)):
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
        if list(resolve_reference(document, response).get("content", ())) != ["application/problem+json"]:
            yield path


@rule
def no_422(document: Document) -> Iterator[str]:
    yield from (path for path, _ in responses(document, "422"))


@rule
def days_are_dates_and_moments_are_date_times(document: Document) -> Iterator[str]:
    for path, name, schema in properties(document):
        formats = {node.get("format") for _, node in walk_nodes(schema) if isinstance(node, dict)} - {None}
        if re.search(r"[a-z]On$|date$|datum$", name, re.IGNORECASE) and "date-time" in formats:
            yield path
        if re.search(r"[a-z]On$", name) and "date" not in formats:
            yield path
        if re.search(r"[a-z]At$", name) and "date" in formats:
            yield path


@rule
def operations_are_described(document: Document) -> Iterator[str]:
    tags = {tag["name"] for tag in document["tags"] if tag.get("description")}
    for path, method, operation in operations(document):
        has_name = re.fullmatch("[a-z]+([A-Z][a-z0-9]*)*", operation.get("operationId", ""))
        has_tag = len(operation["tags"]) == 1 and set(operation["tags"]) <= tags
        if not (has_name and has_tag and operation.get("summary") and operation.get("description")):
            yield f"{method} {path}"


@rule
def unions_are_told_apart(document: Document) -> Iterator[str]:
    """A member selects the option of a union, in two ways: by a mapping, and by a constant in each option.

    Some generators read the mapping, some the constant. Without a mapping clients of openapi-generator send no step:
    `typescript` 7.26.0 throws, `typescript-fetch` 7.17.0 sends an empty form.
    """
    for path, method, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = resolve_reference(document, content["schema"])
            if "anyOf" in schema or ("oneOf" in schema and _mapping(schema) != _constants(document, schema)):
                yield f"{method} {path}"


def _mapping(union: Document) -> set[tuple[str, str]]:
    """The (value, reference) pairs of the mapping of a union."""
    return set(union.get("discriminator", {}).get("mapping", {}).items())


def _constants(document: Document, union: Document) -> set[tuple[str, str]]:
    member = union.get("discriminator", {}).get("propertyName", "")
    options = {option["$ref"]: resolve_reference(document, option) for option in union["oneOf"]}
    members = {
        ref: schema["properties"].get(member, {}) for ref, schema in options.items() if member in schema["required"]
    }
    return {(members.get(ref, {}).get("const", ""), ref) for ref in options}


@rule
def every_change_acts_once(document: Document) -> Iterator[str]:
    """Idempotency-Key is required to make something, If-Match to change it; a token, search or trial makes nothing."""
    for path, method, operation in operations(document):
        parameters = [parameter for parameter in operation.get("parameters", ()) if parameter.get("required")]
        headers = {parameter["name"] for parameter in parameters if parameter["in"] == "header"}
        expected = {"Idempotency-Key"} if method == "post" else set()
        expected |= {"If-Match"} if method in ("put", "patch", "delete") or path.endswith("/transitions") else set()
        if method in ("get", "head") or path in ("/demonstration/tokens", "/person-searches", "/workflow-trials"):
            expected = set()
        if not expected <= headers or (expected and {"400", "401"} - set(operation["responses"])):
            yield f"{method} {path}"


@rule
def bodies_are_json_and_limited(document: Document) -> Iterator[str]:
    for path, method, operation in operations(document):
        body = operation.get("requestBody")
        if body and (
            list(body["content"]) != ["application/json"] or not {"413", "415"} <= set(operation["responses"])
        ):
            yield f"{method} {path}"
