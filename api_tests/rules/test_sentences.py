"""The sentences of the product: days and lists as people write them, steps by their labels, no English in Dutch."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import Returns, broken_by
from service.kinds import KINDS
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES, fill_placeholders, render_message
from service.vocabulary.organisation_kinds import KIND_LABELS, OrganisationKind
from service.vocabulary.references import insert_step_labels, insert_step_labels_in_json, step_references
from service.vocabulary.refusals import GuardsNotMet, RoleNotAllowed, TransitionNotAllowed
from service.vocabulary.sentences import OR, day_in_words, join_texts, moment_in_words, month_in_words
from service.workflows.rules.rulebook import Rulebook, read_rules

FILES = {file.name: file.read_text(encoding="utf-8") for file in sorted((ROOT / "workflows").glob("*.toml"))}
WORKFLOWS = {name.removesuffix(".toml"): tomllib.loads(text) for name, text in FILES.items() if name != "settings.toml"}
# Sections for authors of workflows and operators of the database, who know English words and codes.
FOR_SPECIALISTS = {"diagnostics", "drawing", "verification", "verification_next", "set_up"}


@pytest.fixture(scope="module")
def rules() -> Rulebook:
    return read_rules(FILES, KINDS)


def triggers() -> set[str]:
    return {name for workflow in WORKFLOWS.values() for name in workflow["triggers"]}


def sentences(*sections: str) -> Iterator[tuple[str, BilingualText]]:
    for section in sections or MESSAGES:
        for code, words in MESSAGES[section].items():
            yield f"{section}.{code}", words


def test_a_day_a_moment_and_a_month_are_written_as_people_write_them() -> None:
    assert day_in_words(date(2026, 11, 28)) == BilingualText("28 november 2026", "28 November 2026")
    assert month_in_words("2011-03") == BilingualText("maart 2011", "March 2011")
    assert moment_in_words(datetime(2026, 11, 28, 13, 5, tzinfo=UTC)) == BilingualText(
        "28 november 2026 om 14.05 uur", "28 November 2026 at 14:05"
    )
    assert moment_in_words(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)).nl == "1 juli 2026 om 00.30 uur"


def test_a_list_is_joined_as_people_join_it() -> None:
    letters = [BilingualText.untranslated(letter) for letter in "abc"]

    assert [join_texts(letters[:count]).nl for count in range(4)] == ["", "a", "a en b", "a, b en c"]
    assert join_texts(letters, OR) == BilingualText("a, b of c", "a, b or c")


@broken_by(
    "A sentence writes a day in words",
    "service/vocabulary/messages.py",
    "return day_in_words(value) if isinstance(value, date) else value",
    "return value",
)
def test_what_is_filled_in_is_told_in_each_language() -> None:
    assert render_message("details", "offer_ended", {"day": date(2026, 3, 1)}).nl.startswith(
        "De laatste dag van dit aanbod is 1 maart 2026."
    )
    assert fill_placeholders(BilingualText("{wat}!", "{wat}?"), {"wat": BilingualText("ja", "yes")}) == BilingualText(
        "ja!", "yes?"
    )


@broken_by(
    "A refusal names steps, states and roles by their labels",
    "service/vocabulary/refusals.py",
    "    return label_with_code(labels[code], code) if code in labels else BilingualText.untranslated(code)",
    "    return BilingualText.untranslated(code)",
)
def test_a_refusal_names_steps_states_and_roles_by_their_labels(rules: Rulebook) -> None:
    case = rules.current("case")
    for attempt, expected in (
        (("help_started", "decline"), "Niet opnemen (decline) kan niet vanuit de status Hulp gestart (help_started). "),
        (("submitted", "start_triage"), "De stap Triage starten (start_triage) is hier mogelijk, maar alleen voor: "),
    ):
        with pytest.raises((TransitionNotAllowed, RoleNotAllowed)) as refusal:
            case.decide(*attempt, None, [])
        assert render_message("details", refusal.value.code, refusal.value.in_words()).nl.startswith(expected)
    unmet = GuardsNotMet("decline", (), {"decline": BilingualText("Niet opnemen", "Decline")})
    assert render_message("details", unmet.code, unmet.in_words()).nl == (
        "Niet opnemen (decline) kan nog niet. Hierbij staat alles wat eerst nodig is."
    )


@broken_by(
    "A sentence names a step by its label and its code",
    Returns("service/workflows/rules/rulebook.py", "Rulebook.step_label", None),
)
def test_a_reference_is_written_with_label_and_code_for_json_and_kept_in_the_domain(rules: Rulebook) -> None:
    sentence = MESSAGES["guards"]["no_open_question"]

    assert step_references(sentence.nl) == ("question.record_answer", "question.withdraw")
    assert insert_step_labels(sentence, rules.step_label) == BilingualText(
        "Er staat nog een vraag van deze opschaling open. Leg het antwoord vast "
        '("Landelijk antwoord vastleggen", record_answer) of trek de vraag in ("Vraag intrekken", withdraw).',
        'A question of this escalation is still open. Record its answer ("Record the national answer", record_answer) '
        'or withdraw the question ("Withdraw the question", withdraw).',
    )
    problem = {"detail": sentence.nl, "unmetGuards": [{"code": "x", "nl": sentence.nl, "en": sentence.en}]}
    rendered = insert_step_labels_in_json(problem, "nl", rules.step_label)
    assert '("Vraag intrekken", withdraw)' in rendered["detail"]
    assert '("Withdraw the question", withdraw)' in rendered["unmetGuards"][0]["en"]


def test_a_step_that_no_workflow_in_force_knows_is_written_by_its_code(rules: Rulebook) -> None:
    assert insert_step_labels(
        BilingualText("({step:left_out})", "({step:case.left_out})"), rules.step_label
    ) == BilingualText.untranslated("(left_out)")


def test_filling_in_a_sentence_keeps_its_references() -> None:
    sentence = render_message("faults", "line_keeps_its_provider", {"line": "B"})

    assert "Regel B" in sentence.nl
    assert step_references(sentence.nl) == step_references(sentence.en) == ("replace",)


@broken_by(
    "R92: a sentence names only steps that exist",
    "workflows/escalation.toml",
    "[triggers.bring_back]",
    "[triggers.bring_it_back]",
)
def test_every_reference_is_to_a_step_of_a_workflow_and_to_one_label() -> None:
    """R92: both languages name the same steps; a step with several labels is named with its kind."""
    for place, words in sentences():
        assert step_references(words.nl) == step_references(words.en), place
        for reference in step_references(words.nl):
            kind, _, name = reference.rpartition(".")
            workflows = [WORKFLOWS[kind]] if kind else list(WORKFLOWS.values())
            labels = {
                workflow["triggers"][name]["label"]["nl"] for workflow in workflows if name in workflow["triggers"]
            }
            assert len(labels) == 1, (place, reference, labels)


@broken_by(
    "A reason that asks for a step refers to that step",
    "service/vocabulary/messages.toml",
    "beoordeelt dat ({step:review}).",
    "beoordeelt dat.",
)
def test_every_reason_that_asks_for_a_step_refers_to_it() -> None:
    """Each guard and reason for attention names the step that resolves it; no sentence uses a bare code."""
    bare = re.compile(rf"\b({'|'.join(sorted(triggers()))})\b")

    assert [place for place, words in sentences("guards", "attention") if not step_references(words.nl)] == []
    for place, words in sentences(*(set(MESSAGES) - FOR_SPECIALISTS)):
        text = re.sub(r"\{step:[a-z_.]+\}", "", words.nl)
        assert bare.findall(text) == [], place


# English words, codes and names of JSON members that a Dutch sentence must not have.
NO_DUTCH = re.compile(
    r"\b(the|and|or|of the|with|legal hold|token|host|cursor|form|draft\w*|webhook|Big Five|Support|GET|POST|OPTIONS|"
    r"header|ETag|If-Match|Idempotency-Key|Authorization|unmetGuards|obstacles|errors|certificate|won|[a-z]+[A-Z]\w+)\b"
)


@broken_by(
    "A Dutch sentence has no English word",
    "service/vocabulary/messages.toml",
    "Er geldt een vernietigingsstop. Hef",
    "Er geldt een vernietigingsstop (legal hold). Hef",
)
def test_no_dutch_sentence_has_an_english_word_or_the_name_of_a_member() -> None:
    texts = [*sentences(*(set(MESSAGES) - FOR_SPECIALISTS))]
    texts += [
        (code_list.name, words)
        for code_list in CODE_LISTS.values()
        for words in (code_list.label, *code_list.codes.values())
    ]
    texts += [
        (f"{kind}.{name}", BilingualText(**item["label"]))
        for kind, workflow in WORKFLOWS.items()
        for name, item in {**workflow["states"], **workflow["triggers"]}.items()
    ]
    allowed = {"faults.changes_not_camel_case": ["heldOn"]}

    for place, words in texts:
        text = re.sub(r"\{\w+(:\w+(\.\w+)?)?\}|/v1/\S+", "", words.nl)
        assert NO_DUTCH.findall(text) == allowed.get(place, []), (place, words.nl)


def test_every_kind_of_organisation_has_a_label() -> None:
    assert set(KIND_LABELS) == set(OrganisationKind)
