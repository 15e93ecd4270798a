"""The documentation as one page without scripts or anything from elsewhere, drawn from the OpenAPI document."""

from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code{background:#eee;padding:.1em .3em}summary{cursor:pointer;padding:.3em 0}h2{border-bottom:2px solid #154273}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2em .6em .2em 0}
.get{color:#1b5e20}.post{color:#154273}.put{color:#7a4b00}.delete{color:#8b0000}"""


def page(document: dict[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<h1>{escape(info["title"])} API {escape(info["version"])}</h1><p lang="nl">{escape(info["summary"])}</p>'
        f'<p>{escape(info["description"])}</p><p>Machine-readable: <a href="openapi.json">openapi.json</a></p>'
        + "".join(_sections(document))
        + "<h2>Schemas</h2>"
        + "".join(_schema(name, it) for name, it in sorted(document["components"]["schemas"].items()))
        + "</body></html>"
    )


def _sections(document: dict[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>"
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation.get("tags", ()):
                    yield _operation(path, method, operation)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = [(it["name"], it["in"], it.get("description", "")) for it in operation.get("parameters", ())]
    if body := operation.get("requestBody"):
        rows.append(("body", "json", _links(body["content"]["application/json"]["schema"])))
    rows += [
        (
            status,
            "answer",
            it["description"] + " " + "".join(_links(c.get("schema", {})) for c in it["content"].values()),
        )
        if "content" in it
        else (status, "answer", it["description"])
        for status, it in operation["responses"].items()
    ]
    told = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td><td>{_safe(c)}</td></tr>" for a, b, c in rows)
    return (
        f'<details><summary><b class="{method}">{method.upper()}</b> <code>/v1{escape(path)}</code> '
        f"{escape(operation.get('description', ''))}</summary><table>{told}</table></details>"
    )


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><th>{escape(it)}{' *' if it in required else ''}</th><td>{_safe(_type(of))}</td>"
        f"<td>{escape(str(of.get('description', '')))}</td></tr>"
        for it, of in schema.get("properties", {}).items()
    )
    return (
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code> '
        f"{escape(schema.get('description', ''))}</summary>{_safe(_links(schema))}<table>{rows}</table></details>"
    )


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return f"{schema['const']!r}"
    if linked := _links(schema):
        return linked
    return str(schema.get("type", "any"))


def _links(schema: dict[str, Any]) -> str:
    """Every schema that this one refers to, as links within the page (marked for `_safe`)."""
    found = [schema["$ref"]] if "$ref" in schema else []
    for key in ("anyOf", "oneOf", "allOf"):
        found += [it["$ref"] for it in schema.get(key, ()) if "$ref" in it]
    if isinstance(schema.get("items"), dict) and "$ref" in schema["items"]:
        found.append(schema["items"]["$ref"])
    return " ".join(f"\x00{ref.rsplit('/', 1)[-1]}\x00" for ref in found)


def _safe(text: str) -> str:
    """Escaped, with the marked names as links."""
    parts = text.split("\x00")
    return "".join(
        f'<a href="#{escape(part)}">{escape(part)}</a>' if at % 2 else escape(part) for at, part in enumerate(parts)
    )
