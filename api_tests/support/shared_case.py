"""A case with each kind of part, addressed to different organisations, and the people who see each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import and_, insert, select, text, update

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People, Person
from api_tests.support.servers import WITHOUT_TLS, RunningService
from api_tests.support.workflows import form_for
from service.database.columns import NO_DUE_DAY
from service.database.transaction import Transaction
from service.http.app_context import AppContext
from service.identity.tokens import DemonstrationSigner
from service.people.store.people import People as StoredPeople
from service.people.store.tables import memberships
from service.people.store.tables import people as people_table
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.roles import Role

# A time at which no step can have happened: a person who may take it gets 400, and the case does not change.
FAR_AHEAD = f"{datetime.now(UTC).year + 2}-01-01T00:00:00Z"  # in the future, while a child is still a child
SOME_TIME_AGO = date(2025, 1, 1)
SUBMITTERS = {"JZ11": "anna", "JZ10": "bram", "JZ14": "otto"}
MUNICIPALITIES = {"JZ11": "GM0392", "JZ10": "GM0453", "JZ14": "GM0153"}
TEAM = ("carla", "daan", "esra", "hanna", "vera")
EXPERTS = ("floor", "gijs")
# From the distribution of the file before the table until the advice.
AT_THE_TABLE = ("scheduled", "in_review", "advice_drafted", "advice_issued")


@dataclass
class SharedCase:
    """A case while help is arranged: lines A and C with one provider, line B with another, each with its own payer."""

    case: CaseFile

    @cached_property
    def parts(self) -> dict[str, dict[str, Any]]:
        """The parts by name: commitment A, funding B, placement A, escalation."""
        return {f"{part['kind']} {part['line'] or ''}".strip(): part for part in self.case.view()["parts"]}

    def path(self, part: str) -> str:
        return self.case.address(self.parts[part]) if part != "case" else self.case.path


def referral_of(region: str, *, sharing: bool = True) -> dict[str, Any]:
    """The changes to a referral: the residence of the child, and consent to share with providers or none."""
    residence = {"municipality": MUNICIPALITIES[region], "sinceOn": "2020-01-01", "inStay": False}
    if sharing:
        return {"residence": residence}
    consents = form_for("case", "submit")["consents"]  # type: ignore[index]  # submit always takes a form
    return {
        "residence": residence,
        "consents": [consent | {"purposes": [{"code": "discuss_at_table"}]} for consent in consents],
    }


def advice_of_two(trigger: str = "issue_advice") -> dict[str, Any]:
    """An advice with line A of De Veste, paid by Haarlem, line B of Het Duinhuis, paid by Velsen, and line C open."""
    form = form_for("case", trigger)
    assert form is not None
    for line, provider, payer in zip(
        form["lines"], ("de-veste", "duinhuis"), ("gemeente-haarlem", "gemeente-velsen"), strict=False
    ):
        line |= {"providerId": str(ORGANISATION_IDS[provider]), "payerId": str(ORGANISATION_IDS[payer])}
    return form


def advised_case(people: People, region: str = "JZ11", *, sharing: bool = True, **changes: Any) -> CaseFile:
    """A case whose advice was just issued."""
    referral = referral_of(region, sharing=sharing) | changes
    case = CaseFile.submitted(people, by=SUBMITTERS[region], **referral)
    case.go_to("advice_drafted")
    case.fire("issue_advice", form=advice_of_two())
    return case


def help_arranged(people: People, region: str = "JZ11", *, sharing: bool = True, **changes: Any) -> SharedCase:
    """A case with each kind of part that begins before help starts."""
    case = advised_case(people, region, sharing=sharing, **changes)
    case.fire("start_arranging")
    case.fire("seek_placement")
    case.fire("request_escalation")
    case.fire("escalate", part=case.parts("escalation")[0])
    return SharedCase(case)


def help_running(people: People, region: str = "JZ11") -> SharedCase:
    """A case with each kind of part: line A runs and has a check; its provider asks for a reconsideration."""
    case = help_arranged(people, region).case
    for trigger in ("accept", "start_help", "request_reconsideration"):
        case.fire(trigger, part=case.parts("commitment")[0])
    case.fire("report_help_started")
    case.fire("plan_check")
    case.ask_about_file()
    case.read_in_an_emergency(by="floor")
    case.propose_destruction(number=3)
    return SharedCase(case)


def sees_whole(key: str, region: str, state: str, *, escalated: bool) -> bool:
    """True when this person may read the whole case, reasoned without the service."""
    if region != "JZ14" and key in TEAM:
        return True
    if region != "JZ14" and key in EXPERTS:
        return state in AT_THE_TABLE
    if key == "petra":
        return region == "JZ14"
    if key == "mila":
        return escalated
    return SUBMITTERS[region] == key


def sees_part(key: str, kind: str, line: str | None, region: str = "JZ11") -> bool:
    """True when this part is addressed to this person's organisation, in a case with the advice of `advice_of_two`.

    Het Duinhuis asked for the reconsideration, and the national support structure was asked the question.
    """
    # Line C names no payer: the municipality of residence pays.
    payer_by_residence = {"JZ11": "karim", "JZ10": "lotte"}.get(region)
    if (kind, line) == ("funding", "C"):
        return key == payer_by_residence
    return (key, kind, line) in {
        ("ivo", "commitment", "A"),
        ("joke", "commitment", "B"),
        ("karim", "funding", "A"),
        ("lotte", "funding", "B"),
        ("joke", "reconsideration", None),
        ("tom", "question", None),
    }


def signer_of(service: RunningService) -> DemonstrationSigner:
    context: AppContext = service.built.api.state.context
    assert context.signer is not None
    return context.signer


@contextmanager
def client_with_token(service: RunningService, token: str | None) -> Iterator[httpx.Client]:
    """A client with this token, or without one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=f"{service.url}/v1", headers=headers, timeout=30, verify=WITHOUT_TLS) as client:
        yield client


@contextmanager
def newcomer(service: RunningService, *held: tuple[str, Role, date, date | None], key: str = "") -> Iterator[Person]:
    """A new person with these memberships: organisation, role, first day, last day."""
    subject, id_ = key or f"newcomer-{uuid4()}", uuid4()
    signer = signer_of(service)

    def furnish(transaction: Transaction) -> None:
        StoredPeople(transaction).add_person(
            id_, issuer=signer.issuer.trusted.name, subject=subject, name="Nieuw Gezicht"
        )
        for organisation, role, since, until in held:
            _join(transaction, id_, ORGANISATION_IDS[organisation], role, (since, until))

    service.built.database.write_sync(furnish)
    with client_with_token(service, signer.sign_token(subject)) as client:
        yield Person(subject, client)


def _join(
    transaction: Transaction, person: UUID, organisation: UUID, role: Role, days: tuple[date, date | None]
) -> None:
    """Insert a dated membership, as administration does."""
    since, until = days
    row = {"person_id": str(person), "organisation_id": str(organisation), "role": str(role)}
    transaction.connection.execute(
        insert(memberships), {**row, "valid_from": str(since), "valid_until": str(until or NO_DUE_DAY)}
    )


def end_memberships_of(service: RunningService, person: Person) -> None:
    of_person = (
        memberships.c.person_id
        == select(people_table.c.id).where(people_table.c.subject == person.key).scalar_subquery()
    )
    with service.tables.begin() as connection:
        connection.execute(update(memberships).where(of_person).values(valid_until=str(in_days(-1))))


@contextmanager
def without_memberships(service: RunningService, person: Person) -> Iterator[None]:
    """End all memberships of this person yesterday, and restore them at the end of the block."""
    with service.tables.connect() as connection:
        memberships_before = connection.execute(select(memberships)).all()
    end_memberships_of(service, person)
    try:
        yield
    finally:
        with service.tables.begin() as connection:
            for row in memberships_before:
                same = and_(*(key == getattr(row, key.name) for key in memberships.primary_key.columns))
                connection.execute(update(memberships).where(same).values(valid_until=row.valid_until))


def anonymise_person(service: RunningService, person: Person) -> None:
    """Anonymise a person, as the destruction of a family's name does: no token names them."""
    with service.tables.begin() as connection:
        connection.execute(text("UPDATE people SET issuer = '' WHERE subject = :subject"), {"subject": person.key})


def today() -> date:
    return day_in_amsterdam(datetime.now(UTC))


def in_days(number: int) -> date:
    return today() + timedelta(days=number)


def rows(service: RunningService, query: str) -> list[dict[str, Any]]:
    """Rows of the database, read without the service."""
    with service.tables.connect() as connection:
        return [dict(row._mapping) for row in connection.exec_driver_sql(query)]  # noqa: SLF001 - its public API
