"""The demonstration data: fictional organisations and people in real youth regions."""

from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from service.database.transaction import Transaction
from service.people.store.people import People
from service.vocabulary.roles import Role

# Independent of the port, so that a demonstration database can be served at another address.
ISSUER = "urn:casusroute:demonstration"
SINCE = date(2025, 1, 1)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A fictional organisation. `regions`: covered by a team, network or liaison."""

    key: str
    kind: str
    name: str
    municipality: str | None = None
    regions: tuple[str, ...] = ()

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE_URL, f"casusroute/demonstration/{self.key}")


@dataclass(frozen=True, slots=True)
class Person:
    """A fictional person. `key`: subject of their tokens, and key of the request for one."""

    key: str
    name: str
    organisation: str
    roles: tuple[Role, ...]

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE_URL, f"casusroute/demonstration/person/{self.key}")


ORGANISATIONS = (
    Organisation("team-haarlem", "local_team", "Wijkteam Haarlem-Noord (demonstratie)", "GM0392"),
    Organisation("team-velsen", "local_team", "Jeugdteam Velsen (demonstratie)", "GM0453"),
    Organisation("ret", "expert_team", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)", None, ("JZ10", "JZ11")),
    Organisation("de-veste", "provider", "Jeugdhulp De Veste (demonstratie)"),
    Organisation("duinhuis", "provider", "Gezinshuizen Het Duinhuis (demonstratie)"),
    Organisation("gemeente-haarlem", "municipality", "Gemeente Haarlem (demonstratie)", "GM0392"),
    Organisation("gemeente-velsen", "municipality", "Gemeente Velsen (demonstratie)", "GM0453"),
    Organisation("cce", "cce", "CCE, verbinding Noordwest (demonstratie)", None, ("JZ10", "JZ11", "JZ14")),
    Organisation("team-enschede", "local_team", "Wijkteam Enschede (demonstratie)", "GM0153"),
    Organisation("ret-twente", "expert_team", "Expertteam Twente (demonstratie)", None, ("JZ14",)),
    Organisation(
        "ben-noord", "expertise_network", "Expertisenetwerk Jeugd Noordwest (demonstratie)", None,
        ("JZ10", "JZ11", "JZ14"),
    ),
    Organisation("steun", "national_support", "Landelijke steunstructuur (demonstratie)"),
    Organisation("gezin-w", "family", "Gezin W. (demonstratie)", "GM0392"),
)  # fmt: skip

PEOPLE = (
    Person("anna", "Anna Visser", "team-haarlem", (Role.LOCAL_TEAM,)),
    Person("bram", "Bram Kuiper", "team-velsen", (Role.LOCAL_TEAM,)),
    Person("carla", "Carla de Boer", "ret", (Role.COORDINATOR,)),
    Person("daan", "Daan Mulder", "ret", (Role.SCREENER,)),
    Person("esra", "Esra Yilmaz", "ret", (Role.CHAIR,)),
    Person("floor", "Floor Jansen", "ret", (Role.EXPERT,)),
    Person("gijs", "Gijs Bakker", "ret", (Role.EXPERT_BY_EXPERIENCE,)),
    Person("hanna", "Hanna Smit", "ret", (Role.PROCESS_DIRECTOR,)),
    Person("ivo", "Ivo Peters", "de-veste", (Role.PROVIDER,)),
    Person("joke", "Joke van Dam", "duinhuis", (Role.PROVIDER,)),
    Person("karim", "Karim Haddad", "gemeente-haarlem", (Role.MUNICIPALITY,)),
    Person("lotte", "Lotte Vos", "gemeente-velsen", (Role.MUNICIPALITY,)),
    Person("mila", "Mila Dekker", "cce", (Role.CCE_LIAISON,)),
    Person("noor", "Noor Hendriks", "ret", (Role.FACILITATOR,)),
    Person("otto", "Otto Brouwer", "team-enschede", (Role.LOCAL_TEAM,)),
    Person("petra", "Petra Kok", "ret-twente", (Role.CHAIR,)),
    Person("quint", "Quint Hoekstra", "ret", (Role.DATA_PROTECTION_OFFICER,)),
    Person("roos", "Roos Willems", "ret", (Role.ADMINISTRATOR,)),
    Person("sara", "Sara Bos", "ben-noord", (Role.EXPERTISE_NETWORK,)),
    Person("tom", "Tom Aydin", "steun", (Role.NATIONAL_SUPPORT,)),
    Person("ulla", "Ulla Prins", "cce", (Role.NATIONAL_SUPPORT,)),
    Person("vera", "Vera Blom", "ret", (Role.CHAIR,)),
    Person("wilma", "Wilma W.", "gezin-w", (Role.PARENT,)),
    Person("yara", "Yara W.", "gezin-w", (Role.YOUNG_PERSON,)),
)


class NotADemonstration(RuntimeError):
    """The database holds real people, so the demonstration cannot be loaded."""


class ADemonstration(RuntimeError):
    """The database holds demonstration people and their cases, so it cannot hold real people."""


def is_demonstration(transaction: Transaction) -> bool:
    """True when the demonstration was ever loaded into this database."""
    return bool(People(transaction).names({entry.id for entry in (*ORGANISATIONS, *PEOPLE)}))


def insist_on_real_people(transaction: Transaction) -> None:
    """Raises DemonstrationPeoplePresent when the demonstration was ever loaded into this database."""
    if is_demonstration(transaction):
        raise ADemonstration("this database has the people of a demonstration; use another database for real people")


def furnish(transaction: Transaction, issuer: str) -> None:
    """Load the organisations and people of the demonstration that are missing. Raises RealPeoplePresent."""
    if People(transaction).issuers() - {issuer}:
        raise NotADemonstration("this database has people of other issuers; use another database for a demonstration")
    present = People(transaction).names({entry.id for entry in (*ORGANISATIONS, *PEOPLE)})
    ids = {organisation.key: organisation.id for organisation in ORGANISATIONS}
    for organisation in (entry for entry in ORGANISATIONS if entry.id not in present):
        People(transaction).add_organisation(
            organisation.id, kind=organisation.kind, name=organisation.name, municipality=organisation.municipality
        )
        for region in organisation.regions:
            People(transaction).cover(organisation.id, region, since=SINCE)
    for person in (entry for entry in PEOPLE if entry.id not in present):
        People(transaction).add_person(person.id, issuer=issuer, subject=person.key, name=person.name)
        for role in person.roles:
            People(transaction).join(person.id, ids[person.organisation], role, since=SINCE)
