"""A fault of a form names the field and its expected format, and never repeats the input."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from api_tests.support.forms import FILLED, filled
from api_tests.support.sabotages import Returns, broken_by
from service.cases.rules.forms.form_reader import read_form
from service.kinds import KINDS
from service.vocabulary.input_faults import simple_fault
from service.vocabulary.labelled_errors import ExpectedFormat
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import InputFault

TYPED = "Zwaardvisje"


def faults_by_location(form: str, **changes: Any) -> dict[str, InputFault]:
    """Returns the faults of the example with these changes, by location."""
    return {fault.location: fault for fault in read_form(KINDS.forms[form], filled(form, **changes)).faults}


NOT_SEEN = "dat u niet ziet of dat de tekst omdraait. Haal het weg of typ de tekst opnieuw."
WRONG: dict[str, tuple[str, dict[str, Any], str, str, str]] = {
    "a month": (
        "referral@1",
        {"birth_month": "2011-13"},
        "/form/birthMonth",
        "string_pattern_mismatch",
        "Geboortemaand: vul een jaar en een maand in (JJJJ-MM, bijvoorbeeld 2011-03), of alleen het jaar.",
    ),
    "a municipality": (
        "referral@1",
        {"residence": {"municipality": TYPED}},
        "/form/residence/municipality",
        "string_pattern_mismatch",
        "Gemeente: vul de code van een gemeente in: GM met vier cijfers (bijvoorbeeld GM0392).",
    ),
    "a region": (
        "transfer_proposal@1",
        {"to_region": TYPED},
        "/form/toRegion",
        "string_pattern_mismatch",
        "Naar regio: vul de code van een jeugdregio in: JZ met twee cijfers (bijvoorbeeld JZ20).",
    ),
    "a day": (
        "table@1",
        {"held_on": TYPED},
        "/form/heldOn",
        "date_type",
        "Gehouden op: vul een dag in (JJJJ-MM-DD, bijvoorbeeld 2026-11-28).",
    ),
    "a day that no month has": (
        "table@1",
        {"held_on": "2025-02-30"},
        "/form/heldOn",
        "date_from_datetime_parsing",
        "Gehouden op: vul een dag in (JJJJ-MM-DD, bijvoorbeeld 2026-11-28).",
    ),
    "a count": (
        "referral@1",
        {"previous_moves": 201},
        "/form/previousMoves",
        "less_than_equal",
        "Eerdere verhuizingen: vul een heel getal in van 0 tot en met 200 (bijvoorbeeld 3).",
    ),
    "yes or no": (
        "analysis@1",
        {"proposes_removal": TYPED},
        "/form/proposesRemoval",
        "bool_type",
        "Stelt uithuisplaatsing voor: vul ja (true) of nee (false) in, zonder aanhalingstekens.",
    ),
    "an id": (
        "reassignment@1",
        {"assignee_id": TYPED},
        "/form/assigneeId",
        "uuid_parsing",
        "Toegewezen aan: vul het nummer (UUID) in zoals u het las, bijvoorbeeld 0b9f4c52-7d3e-4f0a-9a51-2c6d8e1f3a47.",
    ),
    "a text that is empty": (
        "note@1",
        {"text": " "},
        "/form/text",
        "string_too_short",
        "Tekst: vul hier iets in: minstens 1 zichtbaar teken.",
    ),
    "a text that is too long": (
        "note@1",
        {"text": TYPED * 2000},
        "/form/text",
        "string_too_long",
        "Tekst: kort deze tekst in tot hoogstens 20000 tekens.",
    ),
    "a text with control characters": (
        "note@1",
        {"text": f"{TYPED}\x00"},
        "/form/text",
        "string_pattern_mismatch",
        f"Tekst: op regel 1 staat als teken {len(TYPED) + 1} een teken (U+0000) {NOT_SEEN}",
    ),
    "a list that is empty": (
        "referral@1",
        {"consents": []},
        "/form/consents",
        "too_short",
        "Toestemming: noem er minstens 1; nu zijn het er 0.",
    ),
    "a list that is too long": (
        "referral@1",
        {"network": [{"relation": {"code": "07"}, "meaning": "steun"}] * 101},
        "/form/network",
        "too_long",
        "Steunfiguur: noem er hoogstens 100; nu zijn het er meer.",
    ),
    "a code": (
        "referral@1",
        {"urgency": {"code": TYPED}},
        "/form/urgency",
        "unknown_code",
        (
            "Haast: deze code staat niet op de lijst. Kies een van deze: Crisis: vandaag nog (crisis), Dringend: kan "
            "niet op de gewone tafel wachten (urgent), Gewoon: de eerstvolgende tafel (regular) of Anders (other)."
        ),
    ),
    "text where a code belongs": (
        "referral@1",
        {"urgency": TYPED},
        "/form/urgency",
        "model_type",
        (
            'Haast: kies een code van de lijst, bijvoorbeeld { "code": "crisis" }: Crisis: vandaag nog (crisis), '
            "Dringend: kan niet op de gewone tafel wachten (urgent), Gewoon: de eerstvolgende tafel (regular) of "
            "Anders (other)."
        ),
    ),
    "a member that nobody knows": (
        "note@1",
        {"zwaardvisje": TYPED},
        "/form/zwaardvisje",
        "extra_forbidden",
        "Hier bestaat geen veld met deze naam.",
    ),
    "a member that is nearly one": (
        "referral@1",
        {"birthMnth": TYPED},
        "/form/birthMnth",
        "extra_forbidden",
        "Hier bestaat geen veld met deze naam. Bedoelt u: Geboortemaand (birthMonth)?",
    ),
}


@broken_by(
    "A fault names its field by its label",
    Returns("service/vocabulary/labelled_errors.py", "_label", None),
    case="a month",
)
@broken_by(
    "A fault names the format that the field expects",
    "service/vocabulary/fields.py",
    ', ExpectedFormat("birth_month")\n]',
    "]",
    case="a month",
)
@broken_by(
    "A fault names the field that the caller perhaps meant",
    Returns("service/vocabulary/labelled_errors.py", "_similar_field", None),
    case="a member that is nearly one",
)
@pytest.mark.parametrize("name", WRONG)
def test_a_fault_names_the_field_and_its_expected_format(name: str) -> None:
    form, changes, location, code, sentence = WRONG[name]

    fault = faults_by_location(form, **changes)[location]

    assert (fault.code, fault.words.nl) == (code, sentence)
    assert TYPED not in fault.words.nl + fault.words.en


def test_a_form_that_is_missing_as_a_whole_is_named() -> None:
    assert simple_fault("body", "/form", "missing").words == BilingualText(
        "Formulier: dit ontbreekt.", "Form: this is missing."
    )


def test_a_fault_is_worded_in_english_too() -> None:
    assert faults_by_location("referral@1", birth_month="2011-13")["/form/birthMonth"].words.en == (
        "Month of birth: give a year and a month (YYYY-MM, for instance 2011-03), or only the year."
    )


@pytest.mark.parametrize("name", KINDS.forms)
def test_every_missing_field_is_named_with_its_expected_format(name: str) -> None:
    missing = {fault.location.rpartition("/")[2]: fault for fault in read_form(KINDS.forms[name], {}).faults}
    required = {info.alias for info in KINDS.forms[name].model_fields.values() if info.is_required()}

    assert set(missing) == required
    assert all(fault.words.nl.partition(": ")[2].startswith("dit ontbreekt.") for fault in missing.values())
    if "birthMonth" in missing:
        assert missing["birthMonth"].words.nl == (
            "Geboortemaand: dit ontbreekt. Vul een jaar en een maand in (JJJJ-MM, bijvoorbeeld 2011-03), "
            "of alleen het jaar."
        )


def test_every_expected_format_has_a_sentence_with_an_example() -> None:
    formats = {note.wants for note in _notes_of_types("service.vocabulary.fields")} | {"code"}

    assert formats <= MESSAGES["wants"].keys()
    assert all("bijvoorbeeld" in want.nl and "for instance" in want.en for want in MESSAGES["wants"].values())


def _notes_of_types(module: str) -> Iterator[ExpectedFormat]:
    types = vars(__import__(module, fromlist=["_"])).values()
    return (
        note
        for annotation in types
        for note in getattr(annotation, "__metadata__", ())
        if isinstance(note, ExpectedFormat)
    )


def places_of_codes(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yields the place of each coded answer in a form."""
    if isinstance(value, dict) and "code" in value:
        yield at
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from places_of_codes(inner, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places_of_codes(inner, (*at, number))


@broken_by(
    "A faulty item of a list is not reported as absent as well",
    Returns("service/vocabulary/labelled_errors.py", "_is_false_too_short", value=False),
    case="consent_given@1",
)
@pytest.mark.parametrize("name", FILLED)
def test_an_item_with_a_code_that_is_not_on_the_list_is_one_fault(name: str) -> None:
    """This holds also for the only item of a list that needs at least one."""
    for at in places_of_codes(FILLED[name]):
        for wrong in ({"code": "never_heard_of"}, {"code": "other"}, {"code": 3}, {"text": "geen code"}, "geen code"):
            body = deepcopy(FILLED[name])
            parent: Any = body
            for step in at[:-1]:
                parent = parent[step]
            parent[at[-1]] = wrong

            assert len(read_form(KINDS.forms[name], body).faults) == 1, (at, wrong)


def test_an_empty_list_in_an_item_with_a_wrong_code_is_still_a_fault() -> None:
    consent = {**filled("consent_given@1")["consents"][0], "kind": {"code": "never_heard_of"}, "purposes": []}

    assert {
        (place, fault.code) for place, fault in faults_by_location("consent_given@1", consents=[consent]).items()
    } == {
        ("/form/consents/0/kind", "unknown_code"),
        ("/form/consents/0/purposes", "too_short"),
    }
