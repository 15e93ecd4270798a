"""The machine-checked Dutch API Design Rules 2.2 by their own names, with the gaps of the official linter closed.

A rule yields each place where the document breaks it. As published, nlgov:paths-no-trailing-slash and
nlgov:http-methods never fire and nlgov:property-casing looks at links only: here they follow their text. For
nlgov:problem-invalid-input each name that holds "put" under a path is a method: the document satisfies it as well.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from api_tests.support.openapi_documents import (
    is_mapping,
    is_valid,
    operations,
    properties,
    resolve_reference,
    responses,
    under_paths,
    walk_nodes,
)

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]
RULES: dict[str, Rule] = {}

_SEMVER = r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
_KEBAB = r"(/|(/_[a-z0-9]+|/(([a-z0-9\-]+|{[^}]+})(/([a-z0-9\-.]+|{[^}]+}))*)(/_[a-z]+)?)/?)"
_DATE_NAME = re.compile(r"(\w+D|_[dD])(ate|atum)")
_PROBLEMS = ("application/problem+json", "application/problem+xml")


def rule(name: str) -> Callable[[Rule], Rule]:
    def register(check: Rule) -> Rule:
        RULES[name] = check
        return check

    return register


@rule("oas3-schema")
def _(document: Document) -> Iterator[str]:
    if not str(document.get("openapi", "")).startswith("3.1"):
        yield "#/openapi"
        return
    yield from (
        f"#/{'/'.join(map(str, error.path))}: {error.message}"
        for error in OpenAPIV31SpecValidator(document).iter_errors()
    )


@rule("operation-operationId-unique")
def _(document: Document) -> Iterator[str]:
    counted = Counter(operation.get("operationId") for _, _, operation in operations(document))
    yield from (str(name) for name, times in counted.items() if times > 1)


@rule("path-params")
def _(document: Document) -> Iterator[str]:
    for path, method, operation in operations(document):
        parameters = [resolve_reference(document, parameter) for parameter in operation.get("parameters", ())]
        declared = [part["name"] for part in parameters if part["in"] == "path" and part.get("required")]
        if sorted(declared) != sorted(re.findall(r"\{(\w+)\}", path)):
            yield f"{method} {path}"


@rule("openapi-tags-uniqueness")
def _(document: Document) -> Iterator[str]:
    counted = Counter(tag["name"] for tag in document.get("tags", ()))
    yield from (name for name, times in counted.items() if times > 1)


@rule("oas3-valid-media-example")
def _(document: Document) -> Iterator[str]:
    for path, node in walk_nodes(document):
        if isinstance(node, dict) and isinstance(node.get("schema"), dict):
            examples = [example["value"] for example in node.get("examples", {}).values()]
            examples += [node["example"]] if "example" in node else []
            yield from (path for example in examples if not is_valid(document, node["schema"], example))


@rule("oas3-valid-schema-example")
def _(document: Document) -> Iterator[str]:
    for path, node in walk_nodes(document):
        if isinstance(node, dict) and ("type" in node or "$ref" in node):
            examples = [node[key] for key in ("example", "default") if key in node]
            examples += node["examples"] if isinstance(node.get("examples"), list) else []
            yield from (path for example in examples if not is_valid(document, node, example))


@rule("oas3-server-variables")
def _(document: Document) -> Iterator[str]:
    for server in document.get("servers", ()):
        if set(re.findall(r"\{(\w+)\}", server["url"])) != set(server.get("variables", {})):
            yield server["url"]


@rule("oas3-api-servers")
def _(document: Document) -> Iterator[str]:
    if not document.get("servers"):
        yield "#/servers"


@rule("path-keys-no-trailing-slash")
@rule("nlgov:paths-no-trailing-slash")
def _(document: Document) -> Iterator[str]:
    yield from (path for path in document["paths"] if path != "/" and path.endswith("/"))


@rule("nlgov:openapi3")
def _(document: Document) -> Iterator[str]:
    if not re.fullmatch(r"3(.\d+){1,2}", str(document.get("openapi", "3.1.0"))):
        yield "#/openapi"


@rule("nlgov:openapi-root-exists")
def _(document: Document) -> Iterator[str]:
    if not document.get("openapi"):
        yield "#/openapi"


@rule("nlgov:missing-header")
def _(document: Document) -> Iterator[str]:
    yield from (path for path, response in responses(document, r"[23]\d\d") if not response.get("headers"))


@rule("nlgov:missing-version-header")
def _(document: Document) -> Iterator[str]:
    answers = responses(document, r"[23]\d\d")
    yield from (path for path, answer in answers if "API-Version" not in answer.get("headers", {"API-Version": ""}))


@rule("nlgov:include-major-version-in-uri")
def _(document: Document) -> Iterator[str]:
    yield from (server["url"] for server in document.get("servers", ()) if not re.search(r"/v[\d+]", server["url"]))


@rule("info-contact")
def _(document: Document) -> Iterator[str]:
    if not document["info"].get("contact"):
        yield "#/info/contact"


@rule("nlgov:info-contact-fields-exist")
def _(document: Document) -> Iterator[str]:
    contact = document["info"].get("contact")
    yield from (name for name in ("email", "name", "url") if contact is not None and name not in contact)


@rule("nlgov:http-methods")
def _(document: Document) -> Iterator[str]:
    usual = {"get", "put", "post", "delete", "patch", "parameters", "summary", "description"}
    yield from (f"{name} {path}" for path, item in document["paths"].items() for name in item if name not in usual)


@rule("nlgov:paths-kebab-case")
def _(document: Document) -> Iterator[str]:
    yield from (path for path in document["paths"] if not re.fullmatch(_KEBAB, path))


@rule("nlgov:query-keys-camel-case")
def _(document: Document) -> Iterator[str]:
    for path, method, operation in operations(document):
        keys = (parameter["name"] for parameter in operation.get("parameters", ()) if parameter.get("in") == "query")
        faults = (key for key in keys if not re.fullmatch(r"\$?[a-z][a-z\d]*([A-Z][a-z\d]*)*", key))
        yield from (f"{method} {path} {key}" for key in faults)


@rule("nlgov:schema-camel-case")
def _(document: Document) -> Iterator[str]:
    pascal = r"[A-Z][a-z0-9]*(?:[A-Z0-9](?:[a-z0-9]+|$))*"
    yield from (name for name in document["components"]["schemas"] if not re.fullmatch(pascal, name))


@rule("nlgov:servers-use-https")
def _(document: Document) -> Iterator[str]:
    nodes = [node for _, node in walk_nodes(document) if isinstance(node, dict) and "servers" in node]
    yield from (server["url"] for node in nodes for server in node["servers"] if server["url"].startswith("http://"))


@rule("nlgov:use-problem-schema")
def _(document: Document) -> Iterator[str]:
    for path, response in responses(document, r"[45]\d\d"):
        if "content" in response and not set(response["content"]) & set(_PROBLEMS):
            yield path


@rule("nlgov:problem-schema-members")
def _(document: Document) -> Iterator[str]:
    for path, response in responses(document, r"[45]\d\d"):
        for kind in set(response.get("content", ())) & set(_PROBLEMS):
            schema = resolve_reference(document, response["content"][kind]["schema"])
            if not {"status", "title", "detail"} <= set(schema.get("properties", ())):
                yield path


@rule("nlgov:problem-invalid-input")
def _(document: Document) -> Iterator[str]:
    for place, name, value in under_paths(document):
        changes = re.search("put|post|patch", name)
        takes = re.search("get|delete", name) and isinstance(value, dict) and value.get("parameters")
        refuses = isinstance(value, dict) and "400" in value.get("responses", ("400",))
        if (changes or takes) and not refuses and not is_mapping(place):
            yield f"{place}/{name}"


@rule("nlgov:property-casing")
def _(document: Document) -> Iterator[str]:
    yield from (path for path, name, _ in properties(document) if not re.fullmatch("_?[a-z][a-zA-Z0-9]*", name))


@rule("nlgov:date-time-ensure-timezone")
def _(document: Document) -> Iterator[str]:
    yield from (path for path, _, schema in properties(document) if _format(schema) == "date-time-local")


@rule("nlgov:time-without-timezone")
def _(document: Document) -> Iterator[str]:
    yield from (path for path, _, schema in properties(document) if _format(schema) == "time")


@rule("nlgov:specify-format-for-date-and-time")
def _(document: Document) -> Iterator[str]:
    for path, name, schema in properties(document):
        formatted = "format" in schema or ("allOf" in schema and all("format" in option for option in schema["allOf"]))
        if (name in ("date", "datum") or _DATE_NAME.search(name)) and not formatted:
            yield path


@rule("nlgov:use-date-instead-of-datetime")
def _(document: Document) -> Iterator[str]:
    for path, name, schema in properties(document):
        if (name in ("date", "datum") or _DATE_NAME.search(name)) and "date-time" in _formats(schema):
            yield path


@rule("nlgov:semver")
def _(document: Document) -> Iterator[str]:
    if not re.fullmatch(_SEMVER, document["info"]["version"]):
        yield "#/info/version"


def _format(schema: Any) -> object:
    return schema.get("format") if isinstance(schema, dict) else None


def _formats(schema: Any) -> set[object]:
    return {node.get("format") for _, node in walk_nodes(schema) if isinstance(node, dict)}
