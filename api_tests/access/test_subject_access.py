"""Everything that is held about a child and family, for them: taken off the model, so nothing is forgotten (T22)."""

import re
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from pydantic.alias_generators import to_camel
from sqlalchemy import inspect

from api_tests.access.test_families import SIXTEEN_NEXT_MONTH, SIXTEEN_NOW, said
from api_tests.support.case_file import CaseFile
from api_tests.support.form_fields import all_fields
from api_tests.support.people import People
from api_tests.support.receivers import feed
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import Scene, help_running, rows
from service.cases.rules.forms.referral import Referral
from service.file_rights.rules.personal_data import COLUMNS, FIELDS, OF_A_CASE, Unclassified, column_of, field_of
from service.kinds import KINDS

ABOUT = {"child", "parents", "family", "network", "professional", "user"}
SORTS = {"identity", "life", "contact", "opinion", "course"}
TEXT = {"Accept": "text/plain"}


@pytest.fixture(scope="module")
def scene(people: People) -> Scene:
    """A case with a part of every kind, a note, and an amendment."""
    made = help_running(people)
    made.case.fire("add_note", by="esra", text="Over de buren, niet voor het gezin.")
    form = {
        "amends": 1,
        "changes": {"question": "Anders gevraagd.", "network": None},
        "reason": "Zo bedoelden zij het.",
    }
    made.case.fire("amend", by="anna", form=form)
    made.case.read_in_an_emergency("petra")
    return made


@pytest.fixture(scope="module")
def at_home(people: People) -> CaseFile:
    """A case that a family brought itself, with a note that is not for them, and an advice."""
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NEXT_MONTH)
    case.fire("add_note", by="esra", text="Over de buren, niet voor het gezin.")
    return case.go_to("advice_issued")


def bundle(case: CaseFile, by: str) -> dict[str, Any]:
    answer = case.people[by].get(f"{case.path}/subject-access")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def columns_of(service: Running) -> dict[str, set[str]]:
    """Every table that the database itself has, with its columns."""
    found = inspect(service.built.database.engine)
    tables = [(None, name) for name in found.get_table_names()] + [("keys", it) for it in found.get_table_names("keys")]
    return {
        name: {column["name"] for column in found.get_columns(name, schema=schema)}
        for schema, name in tables
        if name != "alembic_version"
    }


@broken_by(
    "Issue 4 point 3: a field that holds personal data is classified",
    "service/cases/rules/forms/referral.py",
    "    birth_month: BirthMonth\n    residence: Residence\n",
    "    birth_month: BirthMonth\n    residence: Residence\n    nickname: OrNone[ShortText] = None\n",
)
def test_every_field_of_every_form_says_about_whom_it_tells_what() -> None:
    """What is not classified is named here; a rule for what is no longer there is a fault as well."""
    fields = {field for form in KINDS.forms.values() for field in all_fields(form)}

    unclassified, used = set[str](), set[str]()
    for model, name in fields:
        try:
            found = field_of(model, name)
        except Unclassified as fault:
            unclassified.add(str(fault))
        else:
            assert (found.about in ABOUT, found.kind in SORTS) == (True, True), f"{model}.{name}"
            used |= {rule for rule, tells in FIELDS.items() if tells is found}

    assert unclassified == set()
    assert set(FIELDS) - used == set()
    assert len(fields) > 300


def test_a_field_that_somebody_adds_without_a_class_is_found() -> None:
    class Nicknamed(Referral):
        form_name: ClassVar[str] = "referral@9"
        nickname: str

    with pytest.raises(Unclassified, match="nickname"):
        [field_of(*field) for field in all_fields(Nicknamed)]


@broken_by(
    "Issue 4 point 3: a column that holds personal data is classified",
    "service/file_rights/rules/personal_data.toml",
    'life = ["age_band"]',
    "life = []",
)
def test_every_column_of_every_table_of_the_database_says_about_whom_it_tells_what(service: Running) -> None:
    tables = columns_of(service)

    unclassified = set[str]()
    for table, columns in tables.items():
        for name in columns:
            try:
                assert column_of(table, name).about in ABOUT | {"nobody"}, f"{table}.{name}"
            except Unclassified as fault:
                unclassified.add(str(fault))

    assert unclassified == set()
    assert {column.partition(".")[2] or column for column in COLUMNS} - {
        column for columns in tables.values() for column in columns
    } == set()
    with pytest.raises(Unclassified):
        column_of("cases", "nickname")


def test_every_table_with_something_about_a_case_is_told_of(service: Running, scene: Scene) -> None:
    """As many rows as the database holds of this case, counted past the service."""
    told = bundle(scene.case, "carla")
    tables = {table for table, columns in columns_of(service).items() if "case_id" in columns}

    assert tables <= OF_A_CASE.keys()
    for table in tables - {"contents", "access_log"}:
        held = rows(service, f"SELECT count(*) AS n FROM {table} WHERE case_id = '{scene.case.id}'")[0]["n"]
        assert len(told["records"].get(to_camel(table), [])) == held, table
    assert len(told["records"]["caseKeys"]) == 6, "a key for each class of content"
    assert {it["sequence"] for it in told["written"]} == {
        row["sequence"] for row in rows(service, f"SELECT sequence FROM contents WHERE case_id = '{scene.case.id}'")
    }


def places(value: Any, at: str = "") -> Iterator[str]:
    """Where the answers of a form stand: a coded answer, and a list of plain ones, is one."""
    if isinstance(value, dict) and "code" not in value:
        for name, one in value.items():
            yield from places(one, f"{at}/{name}")
    elif isinstance(value, list) and any(isinstance(it, dict) and "code" not in it for it in value):
        for number, one in enumerate(value):
            yield from places(one, f"{at}/{number}")
    else:
        yield at


def test_every_answer_in_the_file_is_in_the_bundle_in_words(scene: Scene) -> None:
    """For the team that hands it over nothing is withheld. Codes and ids are told by name."""
    file = scene.case.people.carla.get(f"{scene.case.path}/file").json()["documents"]
    written = {it["sequence"]: it for it in bundle(scene.case, "carla")["written"]}

    assert len(file) > 15
    for document in file:
        told = written[document["entry"]["sequence"]]
        expected = {place.removeprefix("/changes") for place in places(document["form"] or {}) if place}
        assert {answer["place"] for answer in told["answers"]} == expected, document["entry"]["form"]
        assert told["grounds"] == document["grounds"]
        assert not told["withheld"]
    referral = {answer["place"]: answer for answer in written[1]["answers"]}
    assert referral["/safety"]["says"]["nl"] == "Veilig: Er is een veiligheidsplan dat iedereen kent."
    assert (referral["/childVoice/ownWords"]["about"], referral["/childVoice/ownWords"]["kind"]) == ("child", "opinion")
    assert (referral["/caseDirector/name"]["about"], referral["/network/0/meaning"]["about"]) == (
        "professional",
        "network",
    )
    assert {it["says"]["nl"] for it in written[1]["readsNow"] if it["place"] == "/question"} == {"Anders gevraagd."}


def test_nothing_of_keys_digests_and_ciphertexts_leaves(service: Running, scene: Scene) -> None:
    told = scene.case.people.esra.get(f"{scene.case.path}/subject-access").text

    technique = re.compile(r'"\w*(?:digest|salt|nonce|ciphertext|wrapped|fingerprint)":', re.IGNORECASE)
    assert technique.findall(told) == []
    digests = rows(service, f"SELECT digest FROM transitions WHERE case_id = '{scene.case.id}'")
    assert [digest for digest in digests if digest["digest"] in told] == []


@broken_by(
    "Jeugdwet 7.3.10: what others wrote stays out of what a family takes",
    "service/file_rights/use_cases/subject_access.py",
    "if entry.sequence in contents and not reader.may_read(entry):",
    "if entry.sequence in contents and not entry.form:",
)
def test_a_family_takes_what_is_held_about_it_but_what_others_wrote(service: Running, at_home: CaseFile) -> None:
    """Jeugdwet 7.3.10: it is told that there is more, not what. Taking it out is logged as such."""
    text = at_home.people.wilma.get(f"{at_home.path}/subject-access", headers=TEXT)
    told = bundle(at_home, "wilma")

    assert (text.headers["content-type"], text.headers["content-language"]) == ("text/plain; charset=utf-8", "nl")
    assert "buren" not in text.text + str(told)
    assert {it["what"]["nl"] for it in told["written"] if it["withheld"]} >= {"een notitie", "de verklarende analyse"}
    assert {it["what"]["nl"] for it in told["written"] if not it["withheld"]} == {"de aanmelding", "het advies"}
    assert [person["subject"] for person in told["records"]["people"]] == ["wilma"], (
        "how somebody is known is told to themselves"
    )
    lines = rows(service, f"SELECT * FROM access_log WHERE case_id = '{at_home.id}' AND action = 'E'")
    assert [(line["role"], line["processing_activity"], line["purpose"]) for line in lines] == [
        ("parent", "export_subject_access", "reading_about_ones_own_child")
    ] * 2


def test_it_reads_as_plain_dutch_and_as_english(at_home: CaseFile) -> None:
    dutch = at_home.people.yara.get(f"{at_home.path}/subject-access", headers=TEXT).text
    english = at_home.people.yara.get(f"{at_home.path}/subject-access", headers=TEXT | {"Accept-Language": "en"}).text

    for line in (
        f"Alles wat is vastgelegd in casus {at_home.number}",
        "- Stem van het kind: Eigen woorden: Ik wil niet weer ergens anders wonen. Ik wil dat iemand blijft",
        "- Waar het kind woont: Verblijft in jeugdhulp: nee",
        "Bij stap 2: een notitie",
        "Delen met aanbieders die hulp kunnen geven: toegestaan (Jeugdige en Ouder met gezag)",
        "Casus (Advies uitgebracht): procesregisseur is aan zet, uiterlijk",
        "Over het kind: gezondheid en leven. Om een passend advies te geven en hulp te regelen",
        "Concepten: wat iemand nog aan het schrijven is, hoort nog bij geen dossier.",
    ):
        assert line in dutch
    assert f"Everything that is recorded in case {at_home.number}\n=====" in english
    assert "- Voice of the child: Own words: Ik wil niet weer" in english
    assert "Sharing with providers who can help: allowed" in english


def test_i22_from_sixteen_the_young_person_decides_whether_a_parent_takes_it(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)

    assert said(people.wilma.get(f"{case.path}/subject-access")) == (403, "young_person_decides")
    assert said(people.yara.get(f"{case.path}/subject-access")) == (200, "")


def test_who_was_told_that_something_happened_is_told_by_name(told_people: People) -> None:
    case = CaseFile.submitted(told_people)
    deadline = time.monotonic() + 10
    while case.id not in str(feed(told_people, "anna")):
        assert time.monotonic() < deadline, "the relay told nobody"

    (chapter,) = (
        it["lines"] for it in bundle(case, "carla")["readable"] if it["title"]["en"].startswith("Who was told")
    )
    assert any(it["nl"].startswith("Wijkteam Haarlem-Noord (demonstratie): bij stap 1.") for it in chapter)
