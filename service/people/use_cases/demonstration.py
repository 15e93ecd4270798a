"""The demonstration data: fictional organisations and people in real youth regions."""

from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from service.database.transaction import Transaction
from service.people.store.people import People
from service.vocabulary.roles import Role

# Independent of the port, so that a demonstration database can be served at another address.
DEMONSTRATION_ISSUER = "urn:casusroute:demonstration"
FIRST_DAY = date(2025, 1, 1)


@dataclass(frozen=True, slots=True)
class FictionalOrganisation:
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
class FictionalPerson:
    """A fictional person. `key`: subject of their tokens, and key of the request for one."""

    key: str
    name: str
    organisation: str
    roles: tuple[Role, ...]

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE_URL, f"casusroute/demonstration/person/{self.key}")


ORGANISATIONS = (
    FictionalOrganisation("team-haarlem", "local_team", "Wijkteam Haarlem-Noord (demonstratie)", "GM0392"),
    FictionalOrganisation("team-velsen", "local_team", "Jeugdteam Velsen (demonstratie)", "GM0453"),
    FictionalOrganisation(
        "ret", "expert_team", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)", None, ("JZ10", "JZ11")
    ),
    FictionalOrganisation("de-veste", "provider", "Jeugdhulp De Veste (demonstratie)"),
    FictionalOrganisation("duinhuis", "provider", "Gezinshuizen Het Duinhuis (demonstratie)"),
    FictionalOrganisation("gemeente-haarlem", "municipality", "Gemeente Haarlem (demonstratie)", "GM0392"),
    FictionalOrganisation("gemeente-velsen", "municipality", "Gemeente Velsen (demonstratie)", "GM0453"),
    FictionalOrganisation("cce", "cce", "CCE, verbinding Noordwest (demonstratie)", None, ("JZ10", "JZ11", "JZ14")),
    FictionalOrganisation("team-enschede", "local_team", "Wijkteam Enschede (demonstratie)", "GM0153"),
    FictionalOrganisation("ret-twente", "expert_team", "Expertteam Twente (demonstratie)", None, ("JZ14",)),
    FictionalOrganisation(
        "ben-noord", "expertise_network", "Expertisenetwerk Jeugd Noordwest (demonstratie)", None,
        ("JZ10", "JZ11", "JZ14"),
    ),
    FictionalOrganisation("steun", "national_support", "Landelijke steunstructuur (demonstratie)"),
    FictionalOrganisation("gezin-w", "family", "Gezin W. (demonstratie)", "GM0392"),
)  # fmt: skip

PEOPLE = (
    FictionalPerson("anna", "Anna Visser", "team-haarlem", (Role.LOCAL_TEAM,)),
    FictionalPerson("bram", "Bram Kuiper", "team-velsen", (Role.LOCAL_TEAM,)),
    FictionalPerson("carla", "Carla de Boer", "ret", (Role.COORDINATOR,)),
    FictionalPerson("daan", "Daan Mulder", "ret", (Role.SCREENER,)),
    FictionalPerson("esra", "Esra Yilmaz", "ret", (Role.CHAIR,)),
    FictionalPerson("floor", "Floor Jansen", "ret", (Role.EXPERT,)),
    FictionalPerson("gijs", "Gijs Bakker", "ret", (Role.EXPERT_BY_EXPERIENCE,)),
    FictionalPerson("hanna", "Hanna Smit", "ret", (Role.PROCESS_DIRECTOR,)),
    FictionalPerson("ivo", "Ivo Peters", "de-veste", (Role.PROVIDER,)),
    FictionalPerson("joke", "Joke van Dam", "duinhuis", (Role.PROVIDER,)),
    FictionalPerson("karim", "Karim Haddad", "gemeente-haarlem", (Role.MUNICIPALITY,)),
    FictionalPerson("lotte", "Lotte Vos", "gemeente-velsen", (Role.MUNICIPALITY,)),
    FictionalPerson("mila", "Mila Dekker", "cce", (Role.CCE_LIAISON,)),
    FictionalPerson("noor", "Noor Hendriks", "ret", (Role.FACILITATOR,)),
    FictionalPerson("otto", "Otto Brouwer", "team-enschede", (Role.LOCAL_TEAM,)),
    FictionalPerson("petra", "Petra Kok", "ret-twente", (Role.CHAIR,)),
    FictionalPerson("quint", "Quint Hoekstra", "ret", (Role.DATA_PROTECTION_OFFICER,)),
    FictionalPerson("roos", "Roos Willems", "ret", (Role.ADMINISTRATOR,)),
    FictionalPerson("sara", "Sara Bos", "ben-noord", (Role.EXPERTISE_NETWORK,)),
    FictionalPerson("tom", "Tom Aydin", "steun", (Role.NATIONAL_SUPPORT,)),
    FictionalPerson("ulla", "Ulla Prins", "cce", (Role.NATIONAL_SUPPORT,)),
    FictionalPerson("vera", "Vera Blom", "ret", (Role.CHAIR,)),
    FictionalPerson("wilma", "Wilma W.", "gezin-w", (Role.PARENT,)),
    FictionalPerson("yara", "Yara W.", "gezin-w", (Role.YOUNG_PERSON,)),
)


class RealPeoplePresent(RuntimeError):
    """The database holds real people, so the demonstration cannot be loaded."""


class DemonstrationPeoplePresent(RuntimeError):
    """The database holds demonstration people and their cases, so it cannot hold real people."""


def is_demonstration(transaction: Transaction) -> bool:
    """True when the demonstration was ever loaded into this database."""
    return bool(People(transaction).names({entry.id for entry in (*ORGANISATIONS, *PEOPLE)}))


def require_real_people(transaction: Transaction) -> None:
    """Raises DemonstrationPeoplePresent when the demonstration was ever loaded into this database."""
    if is_demonstration(transaction):
        raise DemonstrationPeoplePresent(
            "this database has the people of a demonstration; use another database for real people"
        )


def load_demonstration(transaction: Transaction, issuer: str) -> None:
    """Load the organisations and people of the demonstration that are missing. Raises RealPeoplePresent."""
    if People(transaction).issuers() - {issuer}:
        raise RealPeoplePresent("this database has people of other issuers; use another database for a demonstration")
    present = People(transaction).names({entry.id for entry in (*ORGANISATIONS, *PEOPLE)})
    ids = {organisation.key: organisation.id for organisation in ORGANISATIONS}
    for organisation in (entry for entry in ORGANISATIONS if entry.id not in present):
        People(transaction).add_organisation(
            organisation.id, kind=organisation.kind, name=organisation.name, municipality=organisation.municipality
        )
        for region in organisation.regions:
            People(transaction).add_coverage(organisation.id, region, since=FIRST_DAY)
    for person in (entry for entry in PEOPLE if entry.id not in present):
        People(transaction).add_person(person.id, issuer=issuer, subject=person.key, name=person.name)
        for role in person.roles:
            People(transaction).add_membership(person.id, ids[person.organisation], role, since=FIRST_DAY)
