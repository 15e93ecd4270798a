"""Diagrams and tables of the workflows match their files, and no label can inject Mermaid syntax."""

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.written_workflows import (
    changed_document,
    definition_of,
    label_everything,
    real_definitions,
    valid_document,
)
from service.commands.documents import workflows_page
from service.kinds import KINDS
from service.vocabulary.language import Language
from service.workflows.rules.diagram import draw_diagram, draw_trigger_table

WORKFLOWS_PAGE = ROOT / "docs" / "reference" / "workflows.md"
NASTY = 'Klaar"; --> [*] : weg %%{init}%% `x` <b>|</b> #35; 100%'


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_label_cannot_inject_mermaid_syntax(language: Language) -> None:
    calm = definition_of(
        changed_document(valid_document(), label_everything(valid_document(), {"nl": "Rust", "en": "Calm"}))
    )
    nasty = definition_of(
        changed_document(valid_document(), label_everything(valid_document(), {"nl": NASTY, "en": NASTY}))
    )
    one_word = "Rust" if language == "nl" else "Calm"

    coded = "".join(sign if sign.isalnum() or sign in " -/" else f"#{ord(sign)};" for sign in NASTY)

    assert draw_diagram(nasty, language) == draw_diagram(calm, language).replace(one_word, coded)
    assert "<b>" not in draw_diagram(nasty, language)


def test_the_picture_says_who_must_act_and_what_is_left_out() -> None:
    picture = draw_diagram(definition_of(valid_document()), "nl").splitlines()

    assert picture[0] == "stateDiagram-v2"
    assert "Verbeteren, Notitie toevoegen, Toewijzen" in picture[1]
    assert '    state "In triage" as state_in_triage' in picture
    assert "    state_in_triage : aan zet#58; screener" in picture
    assert "    state_in_triage : Plek zoeken" in picture
    assert "    [*] --> state_submitted : Aanmelden" in picture
    assert "    state_in_triage --> state_closed : Beslissen" in picture
    assert "    state_closed --> [*]" in picture
    assert not any("Notitie" in line for line in picture[2:])


def test_the_table_tells_each_trigger_in_the_order_of_the_route() -> None:
    rows = draw_trigger_table(definition_of(valid_document()), "en").splitlines()

    assert rows[0] == "| Trigger | From | To | Roles | Form | Guards |"
    assert rows[2] == "| `submit` Submit | the beginning | `submitted` | `local_team` | `referral@1` |  |"
    assert rows[3] == "| `start_triage` Start triage | `submitted` | `in_triage` | `coordinator`, `screener` |  |  |"
    assert rows[-1].startswith("| `reassign` Reassign | every open state | stays |")
    assert len(rows) == 2 + len(valid_document()["triggers"])


def test_the_table_keeps_its_columns_whatever_a_label_says() -> None:
    rows = draw_trigger_table(
        definition_of(
            changed_document(valid_document(), label_everything(valid_document(), {"nl": NASTY, "en": NASTY}))
        ),
        "nl",
    )

    assert {row.replace("\\|", "").count("|") for row in rows.splitlines()} == {7}
    assert "<b>" not in rows


def test_the_reference_shows_each_workflow_as_it_is() -> None:
    page = WORKFLOWS_PAGE.read_text(encoding="utf-8")

    assert page == workflows_page(), "run: python -m service draw"
    assert [name for name in KINDS if f"\n## {name}\n\n```mermaid\nstateDiagram-v2\n" not in page] == []
    assert [
        definition.name for definition in real_definitions() if draw_trigger_table(definition, "en") not in page
    ] == []
