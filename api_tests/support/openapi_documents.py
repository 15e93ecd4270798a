"""Functions that walk an OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
Located = tuple[str, Any]


def walk_nodes(node: Any, path: str = "#") -> Iterator[Located]:
    """Each node of the document with its JSON Pointer."""
    yield path, node
    if isinstance(node, dict):
        for name, value in node.items():
            yield from walk_nodes(value, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for position, item in enumerate(node):
            yield from walk_nodes(item, f"{path}/{position}")


def under_paths(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Each member under a path, as (place, name, value). References are followed, each once."""
    queue, followed = ["#/paths"], set()
    while queue:
        start = queue.pop()
        for place, node in walk_nodes(resolve_reference(document, {"$ref": start}), start):
            if isinstance(node, dict):
                yield from ((place, name, value) for name, value in node.items())
                reference = node.get("$ref")
                if isinstance(reference, str) and reference not in followed:
                    followed.add(reference)
                    queue.append(reference)


def is_mapping(place: str) -> bool:
    """True when names at this place are values of a discriminator, such as `dispute` and `postpone`, and no methods."""
    return place.endswith("/discriminator/mapping")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation as (path, method, operation), with its shared parameters and responses resolved."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, _with_resolved(document, item[method])


def _with_resolved(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    parameters = [resolve_reference(document, parameter) for parameter in operation.get("parameters", ())]
    answers = {
        status: resolve_reference(document, response) for status, response in operation.get("responses", {}).items()
    }
    return {**operation, "parameters": parameters, "responses": answers}


def responses(document: dict[str, Any], statuses: str) -> Iterator[Located]:
    """Each response of the document whose status matches, with its JSON Pointer."""
    for path, node in walk_nodes(document):
        if isinstance(node, dict) and isinstance(node.get("responses"), dict):
            for status, response in node["responses"].items():
                if re.search(statuses, str(status)):
                    yield f"{path}/responses/{status}", resolve_reference(document, response)


def properties(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Each property of each schema, as (place, name, schema)."""
    for path, node in walk_nodes(document):
        if isinstance(node, dict) and isinstance(node.get("properties"), dict):
            for name, schema in node["properties"].items():
                yield f"{path}/properties/{name}", name, schema


def resolve_reference(document: dict[str, Any], node: Any) -> Any:
    """The target of a reference; any other node as it is."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def is_valid(document: dict[str, Any], schema: Any, value: Any) -> bool:
    """True when the value is valid under the schema. References of the schema point into the document."""
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:document", resource)
    return bool(
        Draft202012Validator(_with_absolute_references("urn:document", schema), registry=registry).is_valid(value)
    )


def _with_absolute_references(document: str, schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: f"{document}{member}" if name == "$ref" else _with_absolute_references(document, member)
            for name, member in schema.items()
        }
    return [_with_absolute_references(document, item) for item in schema] if isinstance(schema, list) else schema
