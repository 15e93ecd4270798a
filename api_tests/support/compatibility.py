"""The differences between two documents of the API that break a client of the older one.

Lost operations, parameters, statuses, members and codes, and new requirements of requests. Types, lengths and patterns
are not compared, nor are the required members of answers.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from api_tests.support.openapi_documents import operations, resolve_reference, walk_nodes

Document = dict[str, Any]
Schema = dict[str, Any]
OPTIONS = ("anyOf", "oneOf", "allOf")


# Two schemas of the released documents had names that differ only by case: one was renamed.
RENAMED = {"FundingHandover": "HandoverOfFunding"}


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Each breach of the old document by the new one, as a sentence.

    A schema is looked up by its name: a renamed schema counts as lost, because generated clients use the name.
    """
    comparison = _Comparison(old, new)
    return sorted({*comparison.operations(), *comparison.components()})


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._request_components = request_components(old)
        self._pairs_in_progress: set[tuple[str, str]] = set()

    def operations(self) -> Iterator[str]:
        now = {(path, method): operation for path, method, operation in operations(self._new)}
        for path, method, was in operations(self._old):
            place = f"{method.upper()} {path}"
            if (path, method) not in now:
                yield f"{place}: lost"
            else:
                yield from self._operation(was, now[path, method], place)

    def components(self) -> Iterator[str]:
        now = self._new["components"]["schemas"]
        for name, was in self._old["components"]["schemas"].items():
            new_name = name if name in now else RENAMED.get(name)
            if new_name not in now:
                yield f"{name}: lost"
            else:
                yield from self._schema(was, now[new_name], name, in_request=name in self._request_components)

    def _operation(self, was: Schema, now: Schema, place: str) -> Iterator[str]:
        before, after = (
            {
                (parameter["in"], parameter["name"]): parameter
                for parameter in map(partial(resolve_reference, document), operation.get("parameters", []))
            }
            for document, operation in ((self._old, was), (self._new, now))
        )
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{place}: {' '.join(key)} newly required"
        for key, parameter in before.items():
            if key not in after:
                yield f"{place}: {' '.join(key)} lost"
            else:
                old_schema, new_schema = (_without_null(version["schema"]) for version in (parameter, after[key]))
                yield from self._schema(old_schema, new_schema, f"{place} {' '.join(key)}", in_request=True)
        if now.get("requestBody", {}).get("required") and not was.get("requestBody", {}).get("required"):
            yield f"{place}: a body newly required"
        yield from self._contents(
            was.get("requestBody", {}), now.get("requestBody", {}), f"{place} body", in_request=True
        )
        for status, response in was["responses"].items():
            if status not in now["responses"]:
                yield f"{place}: {status} lost"
            else:
                answers = (
                    resolve_reference(self._old, response),
                    resolve_reference(self._new, now["responses"][status]),
                )
                yield from self._contents(*answers, f"{place} {status}", in_request=False)

    def _contents(self, was: Schema, now: Schema, place: str, *, in_request: bool) -> Iterator[str]:
        for media, content in was.get("content", {}).items():
            if media not in now.get("content", {}):
                yield f"{place}: {media} lost"
            elif "schema" in content:
                yield from self._schema(
                    content["schema"], now["content"][media].get("schema", {}), place, in_request=in_request
                )

    def _schema(self, was: Schema, now: Schema, place: str, *, in_request: bool) -> Iterator[str]:
        """Compare two schemas. A component that both refer to is compared once, under its own name."""
        refs = was.get("$ref", ""), now.get("$ref", "")
        if refs[0] == refs[1] != "" or refs in self._pairs_in_progress:
            return
        if any(refs):
            self._pairs_in_progress.add(refs)
            yield from self._schema(
                resolve_reference(self._old, was), resolve_reference(self._new, now), place, in_request=in_request
            )
            self._pairs_in_progress.discard(refs)
            return
        if in_request:
            demanded = set(now.get("required", ())) - set(was.get("required", ()))
            yield from (f"{place}.{name}: newly required" for name in demanded)
        if _codes(now):
            yield from (f"{place}: code {code} lost" for code in _codes(was) if code not in _codes(now))
        for name, member in was.get("properties", {}).items():
            if name not in now.get("properties", {}):
                yield f"{place}.{name}: lost"
            else:
                yield from self._schema(member, now["properties"][name], f"{place}.{name}", in_request=in_request)
        for inner in ("items", "additionalProperties"):
            if isinstance(was.get(inner), dict) and isinstance(now.get(inner), dict):
                yield from self._schema(was[inner], now[inner], f"{place}[]", in_request=in_request)
        yield from (f"{place}: option {name} lost" for name in _mapping(was).keys() - _mapping(now).keys())
        yield from self._options(was, now, place, in_request=in_request)

    def _options(self, was: Schema, now: Schema, place: str, *, in_request: bool) -> Iterator[str]:
        """Compare the options of a union, which are matched by reference or by type."""
        for kind in OPTIONS:
            new_options = now.get(kind, [now])
            for option in was.get(kind, []):
                matches = [candidate for candidate in new_options if _name(candidate) == _name(option)]
                if not matches:
                    yield f"{place}: option {_name(option)} lost"
                elif len(matches) == 1:
                    yield from self._schema(option, matches[0], place, in_request=in_request)


def _without_null(schema: Schema) -> Schema:
    """The schema of a parameter without null, which an address and a header cannot hold."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else schema


def _name(option: Schema) -> str:
    return str(option.get("$ref", option.get("type", option.get("const"))))


def _codes(schema: Schema) -> list[Any]:
    """The codes of a schema: a constant is one code, an enumeration several."""
    return list(schema.get("enum", [schema["const"]] if "const" in schema else []))


def _mapping(schema: Schema) -> dict[str, str]:
    mapping: dict[str, str] = schema.get("discriminator", {}).get("mapping", {})
    return mapping


def request_components(document: Document) -> set[str]:
    """The names of all components that occur in a request body, at any depth."""
    names: set[str] = set()
    queue = [operation["requestBody"] for _, _, operation in operations(document) if "requestBody" in operation]
    while queue:
        for _, node in walk_nodes(queue.pop()):
            name = node["$ref"].rpartition("/")[2] if isinstance(node, dict) and "$ref" in node else ""
            if name in document["components"]["schemas"] and name not in names:
                names.add(name)
                queue.append(document["components"]["schemas"][name])
    return names
