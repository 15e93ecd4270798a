"""The HTML page of the API documentation, made from the OpenAPI document, without scripts or external resources."""

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
# JSON type -> its name on the page.
_TYPE_NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}
_MINIMUM_KEYS, _MAXIMUM_KEYS = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")
_FORMAT_NAMES = {
    "uuid": "UUID",
    "date": "day (YYYY-MM-DD)",
    "date-time": "moment (RFC 3339)",
    "uri-reference": "address",
}


def documentation_page(document: Json) -> str:
    """Returns the HTML of the whole page."""
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<h1>{escape(info["title"])} API {escape(info["version"])}</h1><p lang="nl">{_prose(info["summary"])}</p>'
        + "".join(f"<p>{_prose(paragraph)}</p>" for paragraph in info["description"].split("\n\n"))
        + '<p>Machine-readable: <a href="openapi.json">openapi.json</a></p>'
        + "".join(_sections(document))
        + "<h2>Schemas</h2>"
        + "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
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
    rows = [_parameter_row(_resolve(document, parameter)) for parameter in operation.get("parameters", ())]
    example = ""
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        rows.append(("body", "application/json", _type(content["schema"])))
        example = "".join(_example(body_example) for body_example in content.get("examples", {}).values())
    rows += [_response_row(status, _resolve(document, answer)) for status, answer in operation["responses"].items()]
    return (
        f'<details><summary><code class="{method}">{method.upper()} {escape(path)}</code> '
        f"{_prose(operation['summary'])}</summary><p>{_prose(operation['description'])}</p>"
        f"{_table(rows)}{example}</details>"
    )


def _parameter_row(parameter: Json) -> tuple[str, str, str]:
    presence = "required" if parameter.get("required") else "optional"
    explanation = _explain(parameter["schema"], parameter.get("description", ""))
    return parameter["name"], f"{parameter['in']}, {presence}", explanation


def _response_row(status: str, response: Json) -> tuple[str, str, str]:
    content = response.get("content", {})
    media_types = ", ".join(content) or "no body"
    types = " ".join(_type(form.get("schema", {})) for form in content.values())
    return status, media_types, f"{_prose(response['description'])} {types}"


def _example(example: Json) -> str:
    body = json.dumps(example["value"], ensure_ascii=False, indent=2)
    return f'<p>Example: {_prose(example["summary"])}</p><pre lang="nl">{escape(body)}</pre>'


def _schema(name: str, schema: Json) -> str:
    members = schema.get("properties", {})
    required = schema.get("required", ())
    rows = [
        (
            name_of_member,
            "required" if name_of_member in required else "optional",
            _explain(member, member.get("description", member.get("title", ""))),
        )
        for name_of_member, member in members.items()
    ]
    shape = "" if members else f"<p>{_type({**schema, 'title': ''})}</p>"
    return (
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code> '
        f"{_prose(schema.get('description', ''))}</summary>{shape}{_table(rows)}</details>"
    )


def _explain(schema: Json, description: str) -> str:
    return f"{_type(schema)}<br>{_prose(description)}" if description else _type(schema)


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Returns a table of rows (name, remark, explanation in HTML)."""
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(remark)}</td><td>{explanation}</td></tr>"
        for name, remark, explanation in rows
    )
    return f"<table>{cells}</table>"


def _type(schema: Json) -> str:
    """Returns the type in HTML: an enumeration as a list of codes, another schema as a link to it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "enum" in schema:
        return "one of<ul>" + "".join(f"<li><code>{escape(str(code))}</code></li>" for code in schema["enum"]) + "</ul>"
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if options := [option for key in ("anyOf", "oneOf", "allOf") for option in schema.get(key, ())]:
        return " or ".join(map(_type, options))
    types = schema.get("type", "anything")
    names = [_type_name(json_type, schema) for json_type in (types if isinstance(types, list) else [types])]
    return " or ".join(names) + _limits(schema)


def _limits(schema: Json) -> str:
    """Returns the minimum, maximum, pattern and default of a schema between brackets, in HTML."""
    minimum = next((schema[key] for key in _MINIMUM_KEYS if key in schema), None)
    maximum = next((schema[key] for key in _MAXIMUM_KEYS if key in schema), None)
    limits = []
    if minimum is not None or maximum is not None:
        limits.append(f"{minimum or 0} to {maximum}" if maximum is not None else f"at least {minimum}")
    if "pattern" in schema and not schema["pattern"].startswith("^[^"):
        limits.append(f"as <code>{escape(schema['pattern'])}</code>")
    if "default" in schema:
        limits.append(f"<code>{escape(json.dumps(schema['default']))}</code> when left out")
    return f" ({', '.join(limits)})" if limits else ""


def _type_name(json_type: str, schema: Json) -> str:
    if json_type == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if json_type == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])} by name"
    if json_type == "string" and schema.get("format") in _FORMAT_NAMES:
        return _FORMAT_NAMES[schema["format"]]
    return _TYPE_NAMES.get(json_type, escape(json_type))


def _prose(text: str) -> str:
    """Returns the text as HTML, with words between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _resolve(document: Json, reference: Json) -> Json:
    """Returns the component that a `$ref` names. A value without `$ref` is returned as it is."""
    if "$ref" not in reference:
        return reference
    _, _, section, name = reference["$ref"].split("/")
    component: Json = document["components"][section][name]
    return component
