"""Names of families: an organisation each, made anonymous once its last case is destroyed."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select

from service.cases.store.tables import cases, destructions, drafts
from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.people.store.people import ANONYMISED_ISSUER
from service.people.store.tables import memberships, organisations, people
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.organisation_kinds import OrganisationKind

ANONYMOUS_NAME = "—"  # the name of an anonymised organisation or person


class FamilyNames:
    """Families and their members. The ids stay, because the access log refers to them."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._people = CoveredRows(transaction, people)
        self._organisations = CoveredRows(transaction, organisations)
        self._now = to_microseconds(transaction.now)

    def anonymise(self, organisation_id: UUID) -> bool:
        """Anonymise a family that has no case and no unsent draft left, and its members without another membership.

        Returns False when the organisation is no such family; then nothing changes.
        """
        id_ = str(organisation_id)
        is_family = and_(organisations.c.id == id_, organisations.c.kind == str(OrganisationKind.FAMILY))
        has_nothing = and_(~self._has_case(id_), ~self._has_draft(id_))
        if not self._organisations.update(is_family, has_nothing, name=ANONYMOUS_NAME, municipality=None):
            return False
        of_person = memberships.c.person_id == people.c.id
        in_family = exists().where(of_person, memberships.c.organisation_id == id_)
        elsewhere = exists().where(of_person, memberships.c.organisation_id != id_)
        person_ids = self._connection.execute(select(people.c.id).where(in_family, ~elsewhere)).scalars().all()
        for person_id in person_ids:
            self._people.update(
                people.c.id == person_id, name=ANONYMOUS_NAME, issuer=ANONYMISED_ISSUER, subject=person_id
            )
        return True

    def _has_case(self, organisation_id: str) -> ColumnElement[bool]:
        destroyed = exists().where(destructions.c.case_id == cases.c.id)
        return exists().where(cases.c.submitter_id == organisation_id, ~destroyed)

    def _has_draft(self, organisation_id: str) -> ColumnElement[bool]:
        return exists().where(
            drafts.c.person_id == memberships.c.person_id,
            memberships.c.organisation_id == organisation_id,
            drafts.c.expires_at >= self._now,
        )
