"""Families: an organisation each, of which nothing is left to know once its last case is destroyed."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update

from service.cases.store.tables import cases, destructions, drafts
from service.database.transaction import Transaction
from service.people.store.people import NOBODY
from service.people.store.tables import memberships, organisations, people
from service.vocabulary.calendar import microseconds
from service.vocabulary.organisation_kinds import OrganisationKind

NAMELESS = "—"


class Families:
    """Ids stay, because the log of access names them; whose they were cannot be told any more."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._now = microseconds(transaction.now)

    def forget(self, organisation_id: UUID) -> bool:
        """Take the names from a family without a case or an unsent draft; False for everybody else."""
        o, p, m, id_ = organisations.c, people.c, memberships.c, str(organisation_id)
        own = exists().where(m.person_id == p.id, m.organisation_id == id_)
        elsewhere = exists().where(m.person_id == p.id, m.organisation_id != id_)
        gone = self._connection.execute(
            update(organisations)
            .where(o.id == id_, o.kind == str(OrganisationKind.FAMILY), ~self._has_case(id_), ~self._writes(id_))
            .values(name=NAMELESS, municipality=None)
        )
        if not gone.rowcount:
            return False
        only_theirs = self._connection.execute(select(p.id).where(own, ~elsewhere)).scalars().all()
        for person_id in only_theirs:
            nameless = {"name": NAMELESS, "issuer": NOBODY, "subject": person_id}
            self._connection.execute(update(people).where(p.id == person_id).values(nameless))
        return True

    def _has_case(self, organisation_id: str) -> ColumnElement[bool]:
        destroyed = exists().where(destructions.c.case_id == cases.c.id)
        return exists().where(cases.c.submitter_id == organisation_id, ~destroyed)

    def _writes(self, organisation_id: str) -> ColumnElement[bool]:
        d, m = drafts.c, memberships.c
        return exists().where(
            d.person_id == m.person_id, m.organisation_id == organisation_id, d.expires_at >= self._now
        )
