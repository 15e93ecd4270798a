"""Access of a child and family to everything held about them: derived from the model, so it is complete (T22)."""

import re
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from pydantic.alias_generators import to_camel
from sqlalchemy import inspect

from api_tests.access.test_families import SIXTEEN_NEXT_MONTH, SIXTEEN_NOW, outcome
from api_tests.support.case_file import CaseFile
from api_tests.support.form_fields import all_fields
from api_tests.support.people import People
from api_tests.support.receivers import feed
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SharedCase, help_running, rows
from service.cases.rules.forms.referral import Referral
from service.file_rights.rules.personal_data import (
    CASE_TABLES,
    COLUMN_CATEGORIES,
    FIELD_CATEGORIES,
    UnclassifiedData,
    category_of_column,
    category_of_field,
)
from service.kinds import KINDS

ABOUT = {"child", "parents", "family", "network", "professional", "user"}
SORTS = {"identity", "life", "contact", "opinion", "course"}
TEXT = {"Accept": "text/plain"}


@pytest.fixture(scope="module")
def scene(people: People) -> SharedCase:
    """A case with a part of every kind, a note, and an amendment."""
    scene = help_running(people)
    scene.case.fire("add_note", by="esra", text="Over de buren, niet voor het gezin.")
    form = {
        "amends": 1,
        "changes": {"question": "Anders gevraagd.", "network": None},
        "reason": "Zo bedoelden zij het.",
    }
    scene.case.fire("amend", by="anna", form=form)
    scene.case.read_in_an_emergency("petra")
    return scene


@pytest.fixture(scope="module")
def family_case(people: People) -> CaseFile:
    """A case brought by a family itself, with a note that is not for them, and an advice."""
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NEXT_MONTH)
    case.fire("add_note", by="esra", text="Over de buren, niet voor het gezin.")
    return case.go_to("advice_issued")


def bundle(case: CaseFile, by: str) -> dict[str, Any]:
    answer = case.people[by].get(f"{case.path}/subject-access")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def columns_of(service: RunningService) -> dict[str, set[str]]:
    """Returns every table of the database with its columns."""
    inspector = inspect(service.built.database.engine)
    tables = [(schema, name) for schema in (None, "keys") for name in inspector.get_table_names(schema)]
    return {
        name: {column["name"] for column in inspector.get_columns(name, schema=schema)}
        for schema, name in tables
        if name != "alembic_version"
    }


@broken_by(
    "Every form field that holds personal data has a classification",
    "service/cases/rules/forms/referral.py",
    "    birth_month: BirthMonth\n    residence: Residence\n",
    "    birth_month: BirthMonth\n    residence: Residence\n    nickname: Nullable[ShortText] = None\n",
)
def test_every_field_of_every_form_is_classified_by_person_and_kind() -> None:
    """A field without a class is a fault, and so is a rule for a field that does not exist."""
    fields = {field for form in KINDS.forms.values() for field in all_fields(form)}

    unclassified, used = set[str](), set[str]()
    for model, name in fields:
        try:
            classification = category_of_field(model, name)
        except UnclassifiedData as fault:
            unclassified.add(str(fault))
        else:
            assert (classification.about in ABOUT, classification.kind in SORTS) == (True, True), f"{model}.{name}"
            used |= {rule for rule, value in FIELD_CATEGORIES.items() if value is classification}

    assert unclassified == set()
    assert set(FIELD_CATEGORIES) - used == set()
    assert len(fields) > 300


def test_a_new_field_without_a_class_is_a_fault() -> None:
    class Nicknamed(Referral):
        form_name: ClassVar[str] = "referral@9"
        nickname: str

    with pytest.raises(UnclassifiedData, match="nickname"):
        [category_of_field(*field) for field in all_fields(Nicknamed)]


@broken_by(
    "Every database column that holds personal data has a classification",
    "service/file_rights/rules/personal_data.toml",
    'life = ["age_band"]',
    "life = []",
)
def test_every_column_of_every_table_is_classified_by_person_and_kind(service: RunningService) -> None:
    tables = columns_of(service)

    unclassified = set[str]()
    for table, columns in tables.items():
        for name in columns:
            try:
                assert category_of_column(table, name).about in ABOUT | {"nobody"}, f"{table}.{name}"
            except UnclassifiedData as fault:
                unclassified.add(str(fault))

    assert unclassified == set()
    assert {column.partition(".")[2] or column for column in COLUMN_CATEGORIES} - {
        column for columns in tables.values() for column in columns
    } == set()
    with pytest.raises(UnclassifiedData):
        category_of_column("cases", "nickname")


def test_every_table_with_rows_of_a_case_is_in_the_bundle(service: RunningService, scene: SharedCase) -> None:
    """The bundle has as many rows as the database holds of this case, counted past the service."""
    view = bundle(scene.case, "carla")
    tables = {table for table, columns in columns_of(service).items() if "case_id" in columns}

    assert tables <= CASE_TABLES.keys()
    for table in tables - {"contents", "access_log"}:
        count = rows(service, f"SELECT count(*) AS n FROM {table} WHERE case_id = '{scene.case.id}'")[0]["n"]
        assert len(view["records"].get(to_camel(table), [])) == count, table
    assert len(view["records"]["caseKeys"]) == 6, "a key for each class of content"
    assert {document["sequence"] for document in view["written"]} == {
        row["sequence"] for row in rows(service, f"SELECT sequence FROM contents WHERE case_id = '{scene.case.id}'")
    }


def places(value: Any, at: str = "") -> Iterator[str]:
    """Places of the answers in a form. A coded answer, or a list of plain values, is one answer."""
    if isinstance(value, dict) and "code" not in value:
        for name, member in value.items():
            yield from places(member, f"{at}/{name}")
    elif isinstance(value, list) and any(isinstance(entry, dict) and "code" not in entry for entry in value):
        for number, member in enumerate(value):
            yield from places(member, f"{at}/{number}")
    else:
        yield at


def test_every_answer_in_the_file_is_in_the_bundle_in_words(scene: SharedCase) -> None:
    """Nothing is withheld from the team that hands the bundle over. Codes and ids are told by name."""
    file = scene.case.people.carla.get(f"{scene.case.path}/file").json()["documents"]
    texts = {text["sequence"]: text for text in bundle(scene.case, "carla")["written"]}

    assert len(file) > 15
    for document in file:
        text = texts[document["entry"]["sequence"]]
        expected = {place.removeprefix("/changes") for place in places(document["form"] or {}) if place}
        assert {answer["place"] for answer in text["answers"]} == expected, document["entry"]["form"]
        assert text["grounds"] == document["grounds"]
        assert not text["withheld"]
    referral = {answer["place"]: answer for answer in texts[1]["answers"]}
    assert referral["/safety"]["says"]["nl"] == "Veilig: Er is een veiligheidsplan dat iedereen kent."
    assert (referral["/childVoice/ownWords"]["about"], referral["/childVoice/ownWords"]["kind"]) == ("child", "opinion")
    assert (referral["/caseDirector/name"]["about"], referral["/network/0/meaning"]["about"]) == (
        "professional",
        "network",
    )
    question = [answer for answer in texts[1]["readsNow"] if answer["place"] == "/question"]
    assert {answer["says"]["nl"] for answer in question} == {"Anders gevraagd."}


def test_no_key_digest_or_ciphertext_is_in_the_bundle(service: RunningService, scene: SharedCase) -> None:
    body = scene.case.people.esra.get(f"{scene.case.path}/subject-access").text

    technique = re.compile(r'"\w*(?:digest|salt|nonce|ciphertext|wrapped|fingerprint)":', re.IGNORECASE)
    assert technique.findall(body) == []
    digests = rows(service, f"SELECT digest FROM transitions WHERE case_id = '{scene.case.id}'")
    assert [digest for digest in digests if digest["digest"] in body] == []


@broken_by(
    "Jeugdwet 7.3.10: a family's copy of the file holds no texts that others wrote",
    "service/file_rights/use_cases/subject_access.py",
    "if entry.sequence in contents and not reader.may_read(entry):",
    "if entry.sequence in contents and not entry.form:",
)
def test_a_family_gets_everything_held_about_it_except_texts_of_others(
    service: RunningService, family_case: CaseFile
) -> None:
    """Jeugdwet 7.3.10: the family is told that there is more, not what. The export is logged as such."""
    text = family_case.people.wilma.get(f"{family_case.path}/subject-access", headers=TEXT)
    view = bundle(family_case, "wilma")

    assert (text.headers["content-type"], text.headers["content-language"]) == ("text/plain; charset=utf-8", "nl")
    assert "buren" not in text.text + str(view)
    hidden = {document["what"]["nl"] for document in view["written"] if document["withheld"]}
    assert hidden >= {"een notitie", "de verklarende analyse"}
    readable = {document["what"]["nl"] for document in view["written"] if not document["withheld"]}
    assert readable == {"de aanmelding", "het advies"}
    assert [person["subject"] for person in view["records"]["people"]] == ["wilma"], "no other identity"
    lines = rows(service, f"SELECT * FROM access_log WHERE case_id = '{family_case.id}' AND action = 'E'")
    assert [(line["role"], line["processing_activity"], line["purpose"]) for line in lines] == [
        ("parent", "export_subject_access", "reading_about_ones_own_child")
    ] * 2


def test_the_bundle_reads_as_plain_dutch_and_as_english(family_case: CaseFile) -> None:
    yara, path = family_case.people.yara, f"{family_case.path}/subject-access"
    dutch = yara.get(path, headers=TEXT).text
    english = yara.get(path, headers=TEXT | {"Accept-Language": "en"}).text

    for line in (
        f"Alles wat is vastgelegd in casus {family_case.number}",
        "- Stem van het kind: Eigen woorden: Ik wil niet weer ergens anders wonen. Ik wil dat iemand blijft",
        "- Waar het kind woont: Verblijft in jeugdhulp: nee",
        "Bij stap 2: een notitie",
        "Delen met aanbieders die hulp kunnen geven: toegestaan (Jongere en Ouder met gezag)",
        "Casus (Advies uitgebracht): procesregisseur is aan zet, uiterlijk",
        "Over het kind: gezondheid en leven. Om een passend advies te geven en hulp te regelen",
        "Concepten: een tekst die iemand nog schrijft, hoort nog niet bij een dossier.",
    ):
        assert line in dutch
    assert f"Everything that is recorded in case {family_case.number}\n=====" in english
    assert "- Voice of the child: Own words: Ik wil niet weer" in english
    assert "Sharing with providers who can help: allowed" in english


def test_i22_from_sixteen_the_young_person_decides_whether_a_parent_gets_the_bundle(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)

    assert outcome(people.wilma.get(f"{case.path}/subject-access")) == (403, "young_person_decides")
    assert outcome(people.yara.get(f"{case.path}/subject-access")) == (200, "")


def test_the_recipients_of_an_event_are_told_by_name(told_people: People) -> None:
    case = CaseFile.submitted(told_people)
    deadline = time.monotonic() + 10
    while case.id not in str(feed(told_people, "anna")):
        assert time.monotonic() < deadline, "the relay told nobody"

    sections = bundle(case, "carla")["readable"]
    (chapter,) = (section["lines"] for section in sections if section["title"]["en"].startswith("Who got a message"))
    assert any(line["nl"].startswith("Wijkteam Haarlem-Noord (demonstratie): bij stap 1.") for line in chapter)
