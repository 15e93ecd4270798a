"""One transaction, seen from a use case: the clock it was stamped with and everything that can be stored in it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from service.audit.store.access_log import AccessLog
from service.caseload.store import WorkList
from service.cases.store.cases import Cases
from service.cases.store.contents import Contents
from service.cases.store.drafts import Drafts
from service.database.idempotency import Requests
from service.database.keyring import Keyring
from service.database.row_security import tell
from service.events.store.deliveries import Deliveries
from service.events.store.feeds import Feeds
from service.events.store.subscriptions import Subscriptions
from service.file_rights.store import Records
from service.integrity.store.heads import Heads
from service.integrity.store.installation import Surroundings
from service.offers.store.offers import Offers
from service.people.rules.actor import Actor
from service.people.store.change_log import Administration
from service.people.store.people import People
from service.people.store.relations import Coverages, Memberships
from service.reference.store import Reference
from service.retention.store.destructions import Destructions
from service.retention.store.family_names import Families
from service.retention.store.kept_figures import KeptFigures
from service.retention.store.legal_holds import Holds
from service.workflow_versions.store import Plans
from service.workflows.store.definitions import Definitions


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
