"""Routes of /v1/forms: every form as JSON Schema, with its labels and code lists."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from service.http.edge import API_PREFIX
from service.http.json_models import InTwoLanguages, View
from service.http.openapi import clean_schema
from service.http.strict_route import StrictRouter
from service.kinds import KINDS
from service.reference.api.lists import CodeListView, code_list_view
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import NotFound

router = StrictRouter("reference")
Name = Annotated[str, Path(description="The versioned name, as in `form` of a trigger.", examples=["note@1"])]


class FormName(View):
    """A form by its versioned name."""

    name: str
    label: InTwoLanguages
    href: str = Field(description="Path of the form.")


class Forms(View):
    """All forms, also old versions that are only read."""

    items: list[FormName]


class FormView(FormName):
    """A form: its JSON Schema (2020-12) with a label for each member, and the code lists that it uses."""

    json_schema: dict[str, object] = Field(
        description="Members have `title` (English), `x-title-nl` (Dutch) and, where coded, `x-code-list`."
    )
    code_lists: list[CodeListView]


@router.get("/forms")
async def list_forms() -> Forms:
    """The names of all forms. A trigger of a workflow names the form that it takes."""
    return Forms(items=[FormName(**_identity(name)) for name in sorted(KINDS.forms)])


@router.get("/forms/{name}")
async def get_form(
    name: Annotated[str, Path(description="The versioned name, as in `form` of a trigger.", examples=["note@1"])],
) -> FormView:
    """One form, with everything that a client needs to display it."""
    return view_form(name)


def view_form(name: str) -> FormView:
    """The form of this versioned name. Raises NotFound."""
    if name not in KINDS.forms:
        raise NotFound
    schema = KINDS.forms[name].model_json_schema()
    list_names = sorted(set(_code_lists(schema)))
    return FormView(
        **_identity(name),
        json_schema=clean_schema(schema),
        code_lists=[code_list_view(CODE_LISTS[list_name]) for list_name in list_names],
    )


def _identity(name: str) -> dict[str, Any]:
    """Returns the members of FormName: name, label and href."""
    without_version, _, _ = name.partition("@")
    label = InTwoLanguages.of(MESSAGES["documents"][without_version])
    return {"name": name, "label": label, "href": f"{API_PREFIX}/forms/{name}"}


def _code_lists(schema: Any) -> Iterator[str]:
    """The names of the code lists in a JSON Schema, at any depth."""
    if isinstance(schema, dict):
        if "x-code-list" in schema:
            yield schema["x-code-list"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for member in schema:
            yield from _code_lists(member)
