"""The document of the API describes the service: kept in step, complete, and true of its answers."""

import json
import re
import tomllib
from typing import Any

import httpx
import pytest

from api_tests.support.case_file import COLLECTIONS
from api_tests.support.checkout import ROOT
from api_tests.support.compatibility import request_components
from api_tests.support.forms import ASK_NOTHING
from api_tests.support.openapi_documents import is_valid, operations, resolve_reference, walk_nodes
from api_tests.support.people import People
from api_tests.support.places import kind_of, path_values, person_for
from api_tests.support.sabotages import Returns, broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import form_for
from service.commands.documents import openapi_text
from service.kinds import KINDS
from service.vocabulary.code_lists import CODE_LISTS

# CloudEvents and RFC 9457 name the members of these schemas.
OF_STANDARDS = {"Problem", "Event", "EventData"}
COMMITTED = ROOT / "openapi" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def generated() -> dict[str, Any]:
    """The document as the code generates it, whatever is committed."""
    document: dict[str, Any] = json.loads(openapi_text())
    return document


def triggers_of(kind: str) -> dict[str, Any]:
    """Returns the triggers of an existing part, as written in the workflow file."""
    file = tomllib.loads((ROOT / "workflows" / f"{kind}.toml").read_text(encoding="utf-8"))
    return {name: trigger for name, trigger in file["triggers"].items() if trigger["from"] != ["start"]}


def union_of(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """Returns the schema of the bodies that the transitions of this kind of part accept."""
    path = "/cases/{caseId}/" + ("" if kind == "case" else f"{COLLECTIONS[kind]}/{{partId}}/") + "transitions"
    union: dict[str, Any] = resolve_reference(
        document, document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    )
    return union


@broken_by(
    "The published OpenAPI document equals the one that the code makes",
    "service/http/openapi.py",
    '"Submitting cases, following them, and taking the next step."',
    '"Submitting cases."',
)
@broken_by(
    "The OpenAPI document has every trigger in the union of its kind of part",
    "service/cases/api/step_bodies.py",
    "if any(source != START for source, _ in trigger.edges)",
    "if any(source != START for source, _ in trigger.edges) and trigger.name != 'amend'",
)
@broken_by(
    "Every operation and schema of the OpenAPI document has one name, in camel case",
    "service/cases/api/parts.py",
    "name=f\"list_{plural.replace('-', '_')}\"",
    'name=f"list_{plural}"',
)
def test_the_committed_document_is_the_one_that_the_code_publishes() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi_text()


@broken_by(
    "A generated client may leave out every member of a body that the service makes optional",
    Returns("service/http/openapi.py", "_describe_defaults", None),
)
def test_a_body_tells_its_defaults_in_words_since_clients_require_members_with_the_keyword() -> None:
    document = json.loads(openapi_text())
    schemas = document["components"]["schemas"]
    bodies = {name: schemas[name] for name in request_components(document)}
    bodies |= {
        f"{method} {path}": operation["requestBody"]
        for path, method, operation in operations(document)
        if "requestBody" in operation
    }

    assert [
        path for path, node in walk_nodes(document) if isinstance(node, dict) and node.get("default", "") is None
    ] == []
    assert [path for path, node in walk_nodes(bodies) if isinstance(node, dict) and "default" in node] == []
    assert schemas["Referral"]["properties"]["network"]["description"] == "Empty when left out."
    assert schemas["GoalCheck"]["properties"]["harmSignalled"]["description"] == "false when left out."
    assert schemas["WorkflowAdoptionBody"]["properties"]["limit"]["description"] == "100 when left out."


def test_a_service_shows_the_committed_document_at_its_own_address(
    service: RunningService, document: dict[str, Any]
) -> None:
    served = httpx.get(f"{service.url}/v1/openapi.json", timeout=30).json()

    assert served.pop("servers") == [{"url": f"{service.url}/v1"}]
    assert served == {name: value for name, value in document.items() if name != "servers"}


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_every_trigger_of_a_workflow_stands_in_the_union_of_its_kind_of_part(
    document: dict[str, Any], kind: str
) -> None:
    union = union_of(document, kind)

    assert union["discriminator"]["propertyName"] == "trigger"
    assert union["discriminator"]["mapping"].keys() == triggers_of(kind).keys()
    for name, ref in union["discriminator"]["mapping"].items():
        option = resolve_reference(document, {"$ref": ref})
        declared = triggers_of(kind)[name]
        assert option["properties"]["trigger"]["const"] == name
        assert option["additionalProperties"] is False
        assert ("form" in option["required"]) == ("form" in declared and declared["form"] not in ASK_NOTHING)
        assert ("grounds" in option["required"]) == (declared.get("grounds") == "required")


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_a_form_filled_in_as_in_practice_fits_the_published_schema(document: dict[str, Any], kind: str) -> None:
    for trigger in triggers_of(kind):
        body: dict[str, Any] = {
            "trigger": trigger,
            "grounds": "Zo besproken.",
            "occurredAt": "2026-01-31T09:30:00+01:00",
        }
        if (form := form_for(kind, trigger)) is not None:
            body["form"] = form
        assert is_valid(document, union_of(document, kind), body), trigger
        assert not is_valid(document, union_of(document, kind), {**body, "onbekend": 1}), trigger


def test_a_submission_fits_the_published_schema(document: dict[str, Any]) -> None:
    schema = document["paths"]["/cases"]["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert is_valid(document, schema, {"trigger": "submit", "form": form_for("case", "submit")})
    assert not is_valid(document, schema, {"trigger": "submit", "form": {}})


def test_every_answer_fits_its_published_schema_and_every_refusal_that_of_a_problem(
    document: dict[str, Any], service: RunningService, people: People
) -> None:
    ids = path_values(service, people)

    # Plans: test_workflow_versions_in_the_database.py.
    gets = [
        (path, operation)
        for path, method, operation in operations(document)
        if method == "get" and "{plan}" not in path
    ]
    for path, operation in gets:
        values = {**ids, "partId": ids.get(kind_of(path), "")}
        values |= {"name": "refusal_reason"} if "code-lists" in path else {}
        values |= {"name": "note@1"} if "forms" in path else {}
        person = person_for(people, path, operation)
        answer = person.get(path.format(**values))
        content = operation["responses"]["200"]["content"]["application/json"]
        assert answer.status_code == 200, f"{path}: {answer.text}"
        assert is_valid(document, content["schema"], answer.json()), path

        refusal = person.get(path.format(**values), params={"onbekend": "1"})
        assert is_valid(document, {"$ref": "#/components/schemas/Problem"}, refusal.json()), path

    assert len(gets) >= 74


def test_no_two_names_of_schemas_differ_only_by_case(document: dict[str, Any]) -> None:
    """C23: on some file systems and in some languages of clients such names are the same."""
    names = [name.lower() for name in document["components"]["schemas"]]

    assert sorted(names) == sorted(set(names))


@broken_by(
    "The OpenAPI document contains no internal reference to a rule",
    "service/http/openapi.py",
    'schema["description"] = _RULE_REFERENCE.sub("", text)',
    'schema["description"] = text',
)
def test_the_document_holds_no_internal_reference(generated: dict[str, Any]) -> None:
    text = json.dumps(generated)

    assert re.findall(r"domain\.md|design decision|issue \d", text) == []
    assert re.findall(r"\([RI][0-9]", text) == []
    assert '"default": null' not in text


@broken_by(
    "Every member of a schema has a label in Dutch and English",
    "service/http/json_models.py",
    "label_schema_members(cls, handler.resolve_ref_schema(json_schema))",
    "handler.resolve_ref_schema(json_schema)",
)
def test_every_member_of_every_schema_has_a_label_in_dutch_and_english(generated: dict[str, Any]) -> None:
    members = [
        (
            f"{name}.{member}",
            resolve_reference(generated, schema_of_member)
            if "$ref" in schema_of_member and "title" not in schema_of_member
            else schema_of_member,
        )
        for name, schema in generated["components"]["schemas"].items()
        for member, schema_of_member in schema.get("properties", {}).items()
        if name not in OF_STANDARDS
    ]

    assert [place for place, member in members if not (member.get("title") and member.get("x-title-nl"))] == []
    assert [place for place, member in members if re.search(r"[a-z][A-Z]", member["title"])] == []
    assert len(members) > 1500


def test_every_coded_field_links_to_its_code_list(document: dict[str, Any]) -> None:
    lists = {f"code-lists/{name}" for name in CODE_LISTS}
    links = {
        node["externalDocs"]["url"]
        for _, node in walk_nodes(document)
        if isinstance(node, dict) and "externalDocs" in node
    }

    assert links <= lists
    for name, schema in document["components"]["schemas"].items():
        codes = schema.get("properties", {}).get("code", {}).get("enum")
        assert codes is None or codes == list(
            CODE_LISTS[schema["properties"]["code"]["externalDocs"]["url"][11:]].codes
        ), name


def test_the_document_is_short_enough_to_be_read() -> None:
    assert len(COMMITTED.read_text(encoding="utf-8").splitlines()) < 30_000


def test_answers_name_the_shape_of_an_advice_and_of_a_form(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    advice = schemas["AdviceView"]["properties"]["advice"]

    assert {option["$ref"].rpartition("/")[2] for option in advice["anyOf"]} == {
        "Advice",
        "AdviceRevision",
        "AdviceInPart",
    }
    assert len(schemas["FormContent"]["anyOf"]) == len(KINDS.forms) + 1
    assert schemas["DraftContent"]["anyOf"][0] == {"$ref": "#/components/schemas/Referral"}
