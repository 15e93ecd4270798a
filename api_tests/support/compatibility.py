"""The differences between two documents of the API that break a client of the older one.

Operations, parameters, statuses, members and codes that are lost, and what a request newly requires. Types, lengths and
patterns are not compared, nor what an answer always holds.
"""

from collections.abc import Iterator
from typing import Any

from api_tests.support.openapi_documents import everything, operations, resolved

Document = dict[str, Any]
Schema = dict[str, Any]
OPTIONS = ("anyOf", "oneOf", "allOf")


# Two schemas of the released documents had names that differ only by case: one of them is called otherwise since.
RENAMED = {"FundingHandover": "HandoverOfFunding"}


def breaks(old: Document, new: Document) -> list[str]:
    """Everything that a client of the old document may rely on and the new one does not keep, a sentence each.

    A schema is looked up by its name, so that one which is called otherwise counts as lost: generated clients use it.
    """
    compared = _Compared(old, new)
    return sorted({*compared.operations(), *compared.components()})


class _Compared:
    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._sent = sent(old)
        self._under_way: set[tuple[str, str]] = set()

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
            known = name if name in now else RENAMED.get(name)
            if known not in now:
                yield f"{name}: lost"
            else:
                yield from self._schema(was, now[known], name, sent=name in self._sent)

    def _operation(self, was: Schema, now: Schema, place: str) -> Iterator[str]:
        before, after = (
            {(it["in"], it["name"]): it for it in (resolved(document, one) for one in operation.get("parameters", []))}
            for document, operation in ((self._old, was), (self._new, now))
        )
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{place}: {' '.join(key)} newly required"
        for key, parameter in before.items():
            if key not in after:
                yield f"{place}: {' '.join(key)} lost"
            else:
                asked, asks = (_without_null(it["schema"]) for it in (parameter, after[key]))
                yield from self._schema(asked, asks, f"{place} {' '.join(key)}", sent=True)
        if now.get("requestBody", {}).get("required") and not was.get("requestBody", {}).get("required"):
            yield f"{place}: a body newly required"
        yield from self._contents(was.get("requestBody", {}), now.get("requestBody", {}), f"{place} body", sent=True)
        for status, response in was["responses"].items():
            if status not in now["responses"]:
                yield f"{place}: {status} lost"
            else:
                answers = (resolved(self._old, response), resolved(self._new, now["responses"][status]))
                yield from self._contents(*answers, f"{place} {status}", sent=False)

    def _contents(self, was: Schema, now: Schema, place: str, *, sent: bool) -> Iterator[str]:
        for media, content in was.get("content", {}).items():
            if media not in now.get("content", {}):
                yield f"{place}: {media} lost"
            elif "schema" in content:
                yield from self._schema(content["schema"], now["content"][media].get("schema", {}), place, sent=sent)

    def _schema(self, was: Schema, now: Schema, place: str, *, sent: bool) -> Iterator[str]:
        """A component that both refer to is compared once, by its own name."""
        refs = was.get("$ref", ""), now.get("$ref", "")
        if refs[0] == refs[1] != "" or refs in self._under_way:
            return
        if any(refs):
            self._under_way.add(refs)
            yield from self._schema(resolved(self._old, was), resolved(self._new, now), place, sent=sent)
            self._under_way.discard(refs)
            return
        if sent:
            demanded = set(now.get("required", ())) - set(was.get("required", ()))
            yield from (f"{place}.{name}: newly required" for name in demanded)
        if _codes(now):
            yield from (f"{place}: code {code} lost" for code in _codes(was) if code not in _codes(now))
        for name, member in was.get("properties", {}).items():
            if name not in now.get("properties", {}):
                yield f"{place}.{name}: lost"
            else:
                yield from self._schema(member, now["properties"][name], f"{place}.{name}", sent=sent)
        for inner in ("items", "additionalProperties"):
            if isinstance(was.get(inner), dict) and isinstance(now.get(inner), dict):
                yield from self._schema(was[inner], now[inner], f"{place}[]", sent=sent)
        yield from (f"{place}: option {name} lost" for name in _mapping(was).keys() - _mapping(now).keys())
        yield from self._options(was, now, place, sent=sent)

    def _options(self, was: Schema, now: Schema, place: str, *, sent: bool) -> Iterator[str]:
        """One of several: referred to by name, or of a type."""
        for kind in OPTIONS:
            there = now.get(kind, [now])
            for option in was.get(kind, []):
                alike = [it for it in there if _name(it) == _name(option)]
                if not alike:
                    yield f"{place}: option {_name(option)} lost"
                elif len(alike) == 1:
                    yield from self._schema(option, alike[0], place, sent=sent)


def _without_null(schema: Schema) -> Schema:
    """The schema of a parameter: an address and a header cannot hold null."""
    options = [it for it in schema.get("anyOf", []) if it != {"type": "null"}]
    return options[0] if len(options) == 1 else schema


def _name(option: Schema) -> str:
    return str(option.get("$ref", option.get("type", option.get("const"))))


def _codes(schema: Schema) -> list[Any]:
    """One code is a constant, several are a list."""
    return list(schema.get("enum", [schema["const"]] if "const" in schema else []))


def _mapping(schema: Schema) -> dict[str, str]:
    found: dict[str, str] = schema.get("discriminator", {}).get("mapping", {})
    return found


def sent(document: Document) -> set[str]:
    """The components that stand in a request body, at whatever depth."""
    found: set[str] = set()
    waiting = [operation["requestBody"] for _, _, operation in operations(document) if "requestBody" in operation]
    while waiting:
        for _, node in everything(waiting.pop()):
            name = node["$ref"].rpartition("/")[2] if isinstance(node, dict) and "$ref" in node else ""
            if name in document["components"]["schemas"] and name not in found:
                found.add(name)
                waiting.append(document["components"]["schemas"][name])
    return found
