"""One transaction, seen from a use case: the clock it was stamped with and everything that can be stored in it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from service.domain.actor import Actor
from service.storage.access_log import AccessLog
from service.storage.administration import Administration
from service.storage.cases import Cases
from service.storage.contents import Contents
from service.storage.definitions import Definitions
from service.storage.deliveries import Deliveries
from service.storage.destructions import Destructions
from service.storage.drafts import Drafts
from service.storage.families import Families
from service.storage.feeds import Feeds
from service.storage.figures import KeptFigures
from service.storage.heads import Heads
from service.storage.holds import Holds
from service.storage.keys import Keyring
from service.storage.offers import Offers
from service.storage.people import People
from service.storage.plans import Plans
from service.storage.records import Records
from service.storage.reference import Reference
from service.storage.relations import Coverages, Memberships
from service.storage.requests import Requests
from service.storage.subscriptions import Subscriptions
from service.storage.surroundings import Surroundings
from service.storage.wall import tell
from service.storage.work_list import WorkList


class Unit:
    """Committed when the work ends, rolled back when it raises; nothing inside commits."""

    def __init__(self, connection: Connection, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self.connection = connection
        self.keyring = keyring
        self.now = clock()
        self.access_log = AccessLog(connection, keyring, self.now)
        self.administration = Administration(connection, keyring, self.now)
        self.contents = Contents(connection, keyring)
        self.cases = Cases(connection, self.contents)
        self.coverages = Coverages(connection)
        self.definitions = Definitions(connection, self.now)
        self.deliveries = Deliveries(connection, self.now)
        self.destructions = Destructions(connection, keyring, self.now)
        self.drafts = Drafts(connection, keyring, self.now)
        self.families = Families(connection, self.now)
        self.feeds = Feeds(connection, self.deliveries, self.now)
        self.heads = Heads(connection)
        self.holds = Holds(connection)
        self.kept_figures = KeptFigures(connection)
        self.offers = Offers(connection, self.now)
        self.memberships = Memberships(connection)
        self.people = People(connection, self.now)
        self.plans = Plans(connection, self.definitions, self.now)
        self.records = Records(connection)
        self.reference = Reference(connection)
        self.requests = Requests(connection, keyring, self.now)
        self.subscriptions = Subscriptions(connection, keyring)
        self.surroundings = Surroundings(connection, keyring)
        self.work_list = WorkList(connection, keyring)

    def sees(self, actor: Actor, *, regions: Iterable[str] = (), begins: Iterable[UUID] = ()) -> None:
        """From here on the database shows what these organisations have to do with, and the emergencies, at most.

        `regions`: and all their cases; `begins`: and what is about to be made, of these ids.
        """
        tell(
            self.connection,
            person=actor.person_id,
            organisations=(held.organisation_id for held in actor.memberships),
            regions=regions,
            cases=(*(it.case_id for it in actor.emergencies), *begins),
        )

    def sees_all(self, why: str) -> None:
        """From here on the database shows every case: for work that is nobody's."""
        tell(self.connection, everything=why)
