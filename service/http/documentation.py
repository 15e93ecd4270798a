"""The documentation as one page without scripts or anything from elsewhere, drawn from the OpenAPI document."""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

Json = dict[str, Any]
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code{background:#eee;padding:.1em .3em}summary{cursor:pointer;padding:.3em 0}h2{border-bottom:2px solid #154273}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2em .6em .2em 0}
pre{background:#f5f5f5;padding:.6em;overflow-x:auto}td ul{margin:0;padding-left:1.2em}
.get{color:#1b5e20}.post{color:#154273}.put{color:#7a4b00}.delete{color:#8b0000}"""
# A type of JSON as people write it.
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}
_LEAST, _MOST = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")
_FORMATS = {"uuid": "UUID", "date": "day (YYYY-MM-DD)", "date-time": "moment (RFC 3339)", "uri-reference": "address"}


def page(document: Json) -> str:
    """The whole page."""
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<h1>{escape(info["title"])} API {escape(info["version"])}</h1><p lang="nl">{_prose(info["summary"])}</p>'
        + "".join(f"<p>{_prose(it)}</p>" for it in info["description"].split("\n\n"))
        + '<p>Machine-readable: <a href="openapi.json">openapi.json</a></p>'
        + "".join(_sections(document))
        + "<h2>Schemas</h2>"
        + "".join(_schema(name, it) for name, it in document["components"]["schemas"].items())
        + "</body></html>"
    )


def _sections(document: Json) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><p>{_prose(tag['description'])}</p>"
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation["tags"]:
                    yield _operation(document, path, method, operation)


def _operation(document: Json, path: str, method: str, operation: Json) -> str:
    rows = [_parameter(_resolved(document, it)) for it in operation.get("parameters", ())]
    example = ""
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        rows.append(("body", "application/json", _type(content["schema"])))
        example = "".join(_example(it) for it in content.get("examples", {}).values())
    rows += [_answer(status, _resolved(document, it)) for status, it in operation["responses"].items()]
    return (
        f'<details><summary><code class="{method}">{method.upper()} {escape(path)}</code> '
        f"{_prose(operation['summary'])}</summary><p>{_prose(operation['description'])}</p>"
        f"{_table(rows)}{example}</details>"
    )


def _parameter(it: Json) -> tuple[str, str, str]:
    must = "required" if it.get("required") else "optional"
    return it["name"], f"{it['in']}, {must}", _explained(it["schema"], it.get("description", ""))


def _answer(status: str, it: Json) -> tuple[str, str, str]:
    content = it.get("content", {})
    kinds = ", ".join(content) or "no body"
    return (
        status,
        kinds,
        f"{_prose(it['description'])} {' '.join(_type(c.get('schema', {})) for c in content.values())}",
    )


def _example(it: Json) -> str:
    body = json.dumps(it["value"], ensure_ascii=False, indent=2)
    return f'<p>Example: {_prose(it["summary"])}</p><pre lang="nl">{escape(body)}</pre>'


def _schema(name: str, schema: Json) -> str:
    members = schema.get("properties", {})
    required = schema.get("required", ())
    rows = [
        (
            member,
            "required" if member in required else "optional",
            _explained(it, it.get("description", it.get("title", ""))),
        )
        for member, it in members.items()
    ]
    shape = "" if members else f"<p>{_type({**schema, 'title': ''})}</p>"
    return (
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code> '
        f"{_prose(schema.get('description', ''))}</summary>{shape}{_table(rows)}</details>"
    )


def _explained(schema: Json, description: str) -> str:
    return f"{_type(schema)}<br>{_prose(description)}" if description else _type(schema)


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Rows of a name, a word on it, and what it is, the last one in HTML."""
    return (
        "<table>"
        + "".join(f"<tr><td><code>{escape(a)}</code></td><td>{escape(b)}</td><td>{c}</td></tr>" for a, b, c in rows)
        + "</table>"
    )


def _type(schema: Json) -> str:
    """The type as people write it, in HTML: a choice of codes as a list, another schema as a link to it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "enum" in schema:
        return "one of<ul>" + "".join(f"<li><code>{escape(str(it))}</code></li>" for it in schema["enum"]) + "</ul>"
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if options := [it for key in ("anyOf", "oneOf", "allOf") for it in schema.get(key, ())]:
        return " or ".join(map(_type, options))
    kinds = schema.get("type", "anything")
    return " or ".join(_word(it, schema) for it in (kinds if isinstance(kinds, list) else [kinds])) + _limits(schema)


def _limits(schema: Json) -> str:
    """How long, how large, in which form, and what holds when it is left out."""
    least, most = (next((schema[it] for it in names if it in schema), None) for names in (_LEAST, _MOST))
    told = []
    if least is not None or most is not None:
        told.append(f"{least or 0} to {most}" if most is not None else f"at least {least}")
    if "pattern" in schema and not schema["pattern"].startswith("^[^"):
        told.append(f"as <code>{escape(schema['pattern'])}</code>")
    if "default" in schema:
        told.append(f"<code>{escape(json.dumps(schema['default']))}</code> when left out")
    return f" ({', '.join(told)})" if told else ""


def _word(kind: str, schema: Json) -> str:
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])} by name"
    if kind == "string" and schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return _WORDS.get(kind, escape(kind))


def _prose(text: str) -> str:
    """Text in which `code` stands between backquotes, as HTML."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _resolved(document: Json, it: Json) -> Json:
    if "$ref" not in it:
        return it
    _, _, section, name = it["$ref"].split("/")
    found: Json = document["components"][section][name]
    return found
