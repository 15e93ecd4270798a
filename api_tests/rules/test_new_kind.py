"""A new kind of part takes five files, and is then served, listed and published like every other kind."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, everybody
from api_tests.support.processes import process
from service.cases.rules.forms.base import Form
from service.cases.rules.kinds import Kind, Kinds
from service.kinds import CASE
from service.workflows.rules.guard import Guard

pytestmark = pytest.mark.server
# New files; below them the lines that existing files get.
ADDED = {
    "service/home_visits/__init__.py": '"""A visit at home, planned by the table."""\n',
    "service/home_visits/rules.py": '''
"""Home visit: a member of the team sees the child at home."""

from typing import ClassVar

from typing_extensions import override

from service.cases.rules.facts import keep_facts
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.forms.base import Form, FormContext, PartOpening
from service.cases.rules.kinds import Kind
from service.vocabulary.fields import Nullable
from service.vocabulary.form_parts import ContentClass
from service.vocabulary.language import FreeText


class HomeVisitPlan(Form):
    """The reason for a visit at home."""

    form_name: ClassVar[str] = "home_visit_plan@1"
    content_class: ClassVar[ContentClass] = "review"

    explanation: Nullable[FreeText] = None

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        return (PartOpening(),) if kind == "home_visit" else ()


HOME_VISIT = Kind(
    name="home_visit",
    facts_rule=keep_facts,
    forms=(HomeVisitPlan, *COMMON_FORMS),
)
''',
    "workflows/home_visit.toml": """
name = "home_visit"
label = { nl = "Huisbezoek", en = "Home visit" }

[states.planned]
phase = "review"
party = "chair"
term = "check"
next = "hold_visit"
label = { nl = "Gepland", en = "Planned" }

[states.held]
phase = "ended"
label = { nl = "Gehouden", en = "Held" }

[triggers.plan_visit]
from = ["start"]
to = "planned"
roles = ["chair"]
label = { nl = "Huisbezoek plannen", en = "Plan a home visit" }

[triggers.hold_visit]
from = ["planned"]
to = "held"
roles = ["chair"]
grounds = "required"
label = { nl = "Huisbezoek afleggen", en = "Hold the visit" }

[triggers.amend]
from = ["planned"]
to = "="
roles = ["chair"]
form = "amendment@1"
label = { nl = "Aanvullen", en = "Amend" }

[triggers.add_note]
from = ["planned"]
to = "="
roles = ["chair"]
form = "note@1"
label = { nl = "Notitie", en = "Add a note" }

[triggers.reassign]
from = ["planned"]
to = "="
roles = ["chair"]
form = "reassignment@1"
label = { nl = "Toewijzen", en = "Reassign" }
""",
}
LINES = {
    "service/kinds.py": {
        "from service.offers.rules": "from service.home_visits.rules import HOME_VISIT\nfrom service.offers.rules",
        "KINDS = Kinds(\n": "KINDS = Kinds(\n    HOME_VISIT,\n",
    },
    "workflows/case.toml": {
        "[triggers.record_gap]\n": """
[triggers.plan_visit]
from = ["in_triage"]
to = "="
roles = ["chair"]
form = "home_visit_plan@1"
opens = ["home_visit"]
label = { nl = "Huisbezoek plannen", en = "Plan a home visit" }

[triggers.record_gap]
""",
    },
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the new kind in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for directory in ("service", "workflows", "migrations"):
        shutil.copytree(ROOT / directory, folder / directory, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in ADDED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    for name, changes in LINES.items():
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=ENGINES)
def case(request: pytest.FixtureRequest, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseFile]:
    """A case in triage, in a service that knows the new kind."""
    folder = tmp_path_factory.mktemp(f"kind_{request.param}")
    with process(folder, new_database(request, folder, request.param), tree=tree, relay="off") as service:
        people = everybody(service.url)
        yield CaseFile.submitted(people).go_to("in_triage")
        for person in people.values():
            person.client.close()


def fire(people: People, path: str, body: dict[str, Any]) -> dict[str, Any]:
    version = int(people.esra.get(path).headers["ETag"].strip('"'))
    answer = people.esra.post(f"{path}/transitions", body, version=version)
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


def test_a_new_kind_takes_five_files_and_is_walked_from_its_beginning_to_its_end(case: CaseFile) -> None:
    people, ordinary = case.people, {"grounds": "Zo is het aan tafel besproken."}

    step = fire(people, case.path, {"trigger": "plan_visit", "form": {"explanation": "Even kijken."}, **ordinary})
    (part,) = step["opened"]
    path = f"{case.path}/home-visits/{part['id']}"
    (item,) = people.esra.get(f"{case.path}/home-visits").json()["items"]
    possible = people.esra.get(f"{path}/possible-transitions").json()["transitions"]
    refused = people.esra.post(f"{path}/transitions", {"trigger": "hold_visit"}, version=1)
    last_step = fire(people, path, {"trigger": "hold_visit", **ordinary})

    assert len({*ADDED, *LINES}) == 5
    assert (part["kind"], item["state"]["label"]["nl"], item["party"]["role"]) == (
        "home_visit",
        "Gepland",
        "chair",
    )
    assert {transition["trigger"] for transition in possible if transition["possible"]} == {
        "hold_visit",
        "amend",
        "add_note",
        "reassign",
    }
    assert [error["code"] for error in refused.json()["errors"]] == ["missing"]
    assert last_step["transition"]["target"] == "held"


def test_a_new_kind_stands_in_history_chain_document_and_published_workflows(case: CaseFile) -> None:
    people = case.people
    if not case.parts("home_visit"):
        fire(people, case.path, {"trigger": "plan_visit", "form": {}, "grounds": "Zo is het besproken."})
    kinds = {entry["partKind"] for entry in case.history()}
    document = people.esra.get("/openapi.json").json()
    published = {item["name"]: item for item in people.esra.get("/workflows").json()["items"]}

    assert "home_visit" in kinds
    assert people.esra.get(f"{case.path}/verification").json()["sound"]
    assert "/cases/{caseId}/home-visits/{partId}/transitions" in document["paths"]
    assert "nl.jeugdcasussen.home-visits.hold-visit.v1" in str(published["home_visit"])
    assert people.esra.get("/work-items", params={"kind": "home_visit", "whose": "all"}).status_code == 200


def test_two_forms_or_guards_of_one_name_are_refused() -> None:
    class Note(Form):
        form_name = "note@1"
        content_class = "notes"

    def kind(**properties: Any) -> Kind:
        return Kind(**{"name": "home_visit", "facts_rule": None, "forms": (), **properties})

    with pytest.raises(ValueError, match="two forms have one name: note@1"):
        Kinds(CASE, kind(forms=(Note,)))
    with pytest.raises(ValueError, match="two guards have one name: referred"):
        Kinds(CASE, kind(guards=(Guard("referred", lambda _: True),)))


def test_two_kinds_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two kinds have one name"):
        Kinds(CASE, CASE)
