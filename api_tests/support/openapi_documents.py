"""Ways through an OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
Found = tuple[str, Any]


def everything(node: Any, path: str = "#") -> Iterator[Found]:
    """Every object and list in the document, with its JSON Pointer."""
    yield path, node
    if isinstance(node, dict):
        for name, it in node.items():
            yield from everything(it, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for position, it in enumerate(node):
            yield from everything(it, f"{path}/{position}")


def under_paths(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every member under a path, where it stands, its name and its value; references are followed, each once."""
    waiting, followed = ["#/paths"], set()
    while waiting:
        start = waiting.pop()
        for place, node in everything(resolved(document, {"$ref": start}), start):
            if isinstance(node, dict):
                yield from ((place, name, value) for name, value in node.items())
                reference = node.get("$ref")
                if isinstance(reference, str) and reference not in followed:
                    followed.add(reference)
                    waiting.append(reference)


def is_mapping(place: str) -> bool:
    """Whether names here tell the choices of a union apart: triggers, as `dispute` and `postpone`, and no methods."""
    return place.endswith("/discriminator/mapping")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every path with each of its methods, which shows shared parameters and responses as if they were its own."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, _whole(document, item[method])


def _whole(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    parameters = [resolved(document, it) for it in operation.get("parameters", ())]
    answers = {status: resolved(document, it) for status, it in operation.get("responses", {}).items()}
    return {**operation, "parameters": parameters, "responses": answers}


def responses(document: dict[str, Any], statuses: str) -> Iterator[Found]:
    """Every response, wherever it stands, whose status matches."""
    for path, node in everything(document):
        if isinstance(node, dict) and isinstance(node.get("responses"), dict):
            for status, response in node["responses"].items():
                if re.search(statuses, str(status)):
                    yield f"{path}/responses/{status}", resolved(document, response)


def properties(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every property of every schema: where, its name, its schema."""
    for path, node in everything(document):
        if isinstance(node, dict) and isinstance(node.get("properties"), dict):
            for name, schema in node["properties"].items():
                yield f"{path}/properties/{name}", name, schema


def resolved(document: dict[str, Any], node: Any) -> Any:
    """What a reference points to; anything else as it is."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def fits(document: dict[str, Any], schema: Any, value: Any) -> bool:
    """Whether the value fits the schema, whose references are looked up in the document."""
    whole = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:document", whole)
    return bool(Draft202012Validator(_within("urn:document", schema), registry=registry).is_valid(value))


def _within(document: str, schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: f"{document}{it}" if name == "$ref" else _within(document, it) for name, it in schema.items()}
    return [_within(document, it) for it in schema] if isinstance(schema, list) else schema
