"""Destruction proposals with their signatures and withdrawals, and certificates of destruction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, exists, func, insert, select, tuple_

from service.cases.rules.certificate import Certificate, Signature
from service.cases.store.certificates import find_certificate, row_to_certificate
from service.cases.store.rows import optional_text
from service.cases.store.tables import cases, contents, destructions, parts
from service.database.paging import Cursors, ListPage
from service.database.tables import case_keys
from service.database.transaction import Transaction
from service.retention.rules.destruction import CodedReason, Proposal, RecordStamp
from service.retention.store.legal_holds import stamp_from_columns, stamp_to_row
from service.retention.store.tables import destruction_proposals, destruction_signatures, destruction_withdrawals
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.canonical_json import to_canonical_json
from service.vocabulary.roles import Role

_proposal, _signature, _withdrawal = destruction_proposals.c, destruction_signatures.c, destruction_withdrawals.c
_destruction = destructions.c
_PROPOSALS = (
    select(destruction_proposals, _withdrawal.recorded_at.label("withdrawn_at"))
    .add_columns(_withdrawal.actor_id.label("withdrawn_by"), _withdrawal.organisation_id.label("withdrawn_for"))
    .add_columns(_withdrawal.reason, _withdrawal.reason_text)
    .outerjoin(destruction_withdrawals, _withdrawal.proposal_id == _proposal.id)
)
# Aliases: `_PROPOSALS` joins the withdrawals itself, and a subquery must not be correlated to that join.
_any_withdrawal, _any_destruction = destruction_withdrawals.alias("taken_back").c, destructions.alias("gone").c
_NOT_WITHDRAWN = ~exists().where(_any_withdrawal.proposal_id == _proposal.id)
_OPEN = (_NOT_WITHDRAWN, ~exists().where(_any_destruction.case_id == _proposal.case_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class DestructionCase:
    """A case as a destruction needs it: number, region, team and head, without its content."""

    case_id: UUID
    number: str
    region: str
    team_id: UUID
    sequence: int
    head: str


class Destructions:
    """Proposals and certificates. A trigger of the database empties a case when its certificate is inserted."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._proposal_cursors = Cursors(transaction.keyring, "destruction_proposals")
        self._cursors = Cursors(transaction.keyring, "destructions")
        self._now = transaction.now

    def case_of_teams(self, case_id: UUID, *, teams: Collection[UUID], lock: bool = False) -> DestructionCase | None:
        """The case, when it belongs to one of these teams. `lock` holds its row until the transaction ends."""
        query = select(cases).where(cases.c.id == str(case_id), cases.c.team_id.in_(_texts(teams)))
        row = self._connection.execute(query.with_for_update() if lock else query).first()
        return None if row is None else _to_case(row)

    def ended_case_ids(self, *, teams: Collection[UUID]) -> tuple[UUID, ...]:
        """The ids of the ended cases of these teams without an open proposal, ordered by id."""
        has_open_proposal = exists().where(_proposal.case_id == parts.c.id, *_OPEN)
        rows = self._connection.execute(
            select(parts.c.id)
            .where(parts.c.id == parts.c.case_id, parts.c.phase == "ended", parts.c.team_id.in_(_texts(teams)))
            .where(~has_open_proposal)
            .order_by(parts.c.id)
        )
        return tuple(map(UUID, rows.scalars()))

    def add_proposal(self, proposal: Proposal) -> None:
        row = {
            "id": str(proposal.id),
            "case_id": str(proposal.case_id),
            "ground": proposal.ground,
            "request_id": optional_text(proposal.request_id),
            "sequence": proposal.sequence,
            "policy": proposal.policy,
            "keep_until": proposal.keep_until and proposal.keep_until.isoformat(),
        }
        self._connection.execute(insert(destruction_proposals), row | stamp_to_row(proposal.recorded))

    def proposal(self, proposal_id: UUID) -> Proposal | None:
        proposals = self._proposals(_PROPOSALS.where(_proposal.id == str(proposal_id)))
        return proposals[0] if proposals else None

    def open_proposal_of(self, case_id: UUID) -> Proposal | None:
        """The proposal for this case that is neither withdrawn nor carried out."""
        proposals = self._proposals(_PROPOSALS.where(_proposal.case_id == str(case_id), *_OPEN))
        return proposals[0] if proposals else None

    def proposal_page(
        self, *, teams: Collection[UUID], open_only: bool, limit: int, cursor: str | None
    ) -> ListPage[Proposal]:
        """A page of the proposals for cases of these teams, newest first."""
        query = _PROPOSALS.join(cases, cases.c.id == _proposal.case_id).where(cases.c.team_id.in_(_texts(teams)))
        if open_only:
            query = query.where(*_OPEN)
        if cursor is not None:
            at, id_ = self._proposal_cursors.position(cursor).split()
            query = query.where(tuple_(_proposal.recorded_at, _proposal.id) < tuple_(int(at), id_))
        newest_first = query.order_by(_proposal.recorded_at.desc(), _proposal.id.desc()).limit(limit + 1)
        return self._proposal_cursors.page(
            self._proposals(newest_first),
            limit,
            item_of=lambda proposal: proposal,
            position_of=lambda proposal: f"{to_microseconds(proposal.recorded.at)} {proposal.id}",
        )

    def add_signature(self, proposal_id: UUID, signature: Signature) -> None:
        """Raises IntegrityError when this capacity or this person has signed already."""
        row = {
            "proposal_id": str(proposal_id),
            "capacity": signature.capacity,
            "role": str(signature.role),
            "person_id": str(signature.person_id),
            "organisation_id": str(signature.organisation_id),
            "signed_at": to_microseconds(signature.signed_at),
        }
        self._connection.execute(insert(destruction_signatures), row)

    def add_withdrawal(self, proposal_id: UUID, reason: CodedReason, recorded: RecordStamp) -> None:
        row = {"proposal_id": str(proposal_id), "reason": reason.code, "reason_text": reason.text}
        self._connection.execute(insert(destruction_withdrawals), row | stamp_to_row(recorded))

    def destroy_case(self, certificate: Certificate, *, replayed: bool = False) -> None:
        """Empty the case and remove its keys. Raises IntegrityError without the signatures of two people."""
        row = {
            "case_id": str(certificate.case_id),
            "proposal_id": str(certificate.proposal_id),
            "ground": certificate.ground,
            "request_id": optional_text(certificate.request_id),
            "policy": certificate.policy,
            "signed": to_canonical_json([signature.to_facts() for signature in certificate.signatures]),
            "destroyed_at": to_microseconds(certificate.destroyed_at),
            "day": certificate.day.isoformat(),
            "entries": certificate.entries,
            "contents": certificate.contents,
            "head": certificate.head,
            "certificate": certificate.digest,
            "replayed_at": to_microseconds(self._now) if replayed else None,
        }
        self._connection.execute(insert(destructions), row)
        self._transaction.has_destroyed_content = True
        self._keyring.remove_keys(self._connection, certificate.case_id)

    def certificate(self, case_id: UUID) -> Certificate | None:
        return find_certificate(self._connection, case_id)

    def certificate_page(self, *, teams: Collection[UUID], limit: int, cursor: str | None) -> ListPage[Certificate]:
        """A page of the certificates for cases of these teams, newest first."""
        joined = select(destructions).join(cases, cases.c.id == _destruction.case_id)
        query = joined.where(cases.c.team_id.in_(_texts(teams)))
        if cursor is not None:
            at, id_ = self._cursors.position(cursor).split()
            query = query.where(tuple_(_destruction.destroyed_at, _destruction.case_id) < tuple_(int(at), id_))
        newest_first = query.order_by(_destruction.destroyed_at.desc(), _destruction.case_id.desc()).limit(limit + 1)
        rows = self._connection.execute(newest_first).all()
        return self._cursors.page(
            rows, limit, item_of=row_to_certificate, position_of=lambda row: f"{row.destroyed_at} {row.case_id}"
        )

    def all_certificates(self) -> tuple[Certificate, ...]:
        """Every certificate of the installation, oldest first."""
        rows = self._connection.execute(select(destructions).order_by(_destruction.destroyed_at))
        return tuple(map(row_to_certificate, rows))

    def lock_case(self, case_id: UUID) -> DestructionCase | None:
        """The case of any team, with its row locked. For replay only: no sight is checked."""
        row = self._connection.execute(select(cases).where(cases.c.id == str(case_id)).with_for_update()).first()
        return None if row is None else _to_case(row)

    def count_contents(self, case_id: UUID) -> int:
        """Returns the number of entries of the case that have content, without those whose content was destroyed."""
        of_case = select(func.count()).where(contents.c.case_id == str(case_id), contents.c.ciphertext.is_not(None))
        return int(self._connection.execute(of_case).scalar_one())

    def remove_keys_of_destroyed_cases(self) -> int:
        """Delete keys that a separate key file kept of destroyed cases. Returns the number of keys."""
        of_destroyed = case_keys.c.owner_id.in_(select(_destruction.case_id))
        return self._connection.execute(delete(case_keys).where(of_destroyed)).rowcount

    def case_numbers(self, case_ids: Iterable[UUID]) -> dict[UUID, str]:
        """Returns the case number per case id."""
        rows = self._connection.execute(select(cases.c.id, cases.c.number).where(cases.c.id.in_(_texts(case_ids))))
        return {UUID(row.id): row.number for row in rows}

    def _proposals(self, query: Select[Any]) -> tuple[Proposal, ...]:
        rows = self._connection.execute(query).all()
        ids = [row.id for row in rows]
        signatures: dict[str, list[Signature]] = {id_: [] for id_ in ids}
        for row in self._connection.execute(
            select(destruction_signatures)
            .where(_signature.proposal_id.in_(ids))
            .order_by(_signature.signed_at, _signature.capacity)
        ):
            signatures[row.proposal_id].append(_to_signature(row))
        case_ids = {row.case_id for row in rows}
        destruction_rows = self._connection.execute(select(destructions).where(_destruction.case_id.in_(case_ids)))
        certificates = {row.case_id: row_to_certificate(row) for row in destruction_rows}
        return tuple(_to_proposal(row, signatures[row.id], certificates.get(row.case_id)) for row in rows)


def _texts(ids: Iterable[UUID]) -> list[str]:
    return sorted(map(str, ids))


def _to_case(row: Row[Any]) -> DestructionCase:
    return DestructionCase(
        case_id=UUID(row.id),
        number=row.number,
        region=row.region,
        team_id=UUID(row.team_id),
        sequence=row.sequence,
        head=row.digest,
    )


def _to_proposal(row: Row[Any], signatures: Sequence[Signature], certificate: Certificate | None) -> Proposal:
    withdrawn = row.withdrawn_at is not None
    return Proposal(
        id=UUID(row.id),
        case_id=UUID(row.case_id),
        ground=row.ground,
        request_id=row.request_id and UUID(row.request_id),
        sequence=row.sequence,
        policy=row.policy,
        keep_until=row.keep_until and date.fromisoformat(row.keep_until),
        recorded=stamp_from_columns(row.recorded_at, row.actor_id, row.organisation_id),
        signed=tuple(signatures),
        withdrawn=stamp_from_columns(row.withdrawn_at, row.withdrawn_by, row.withdrawn_for) if withdrawn else None,
        withdrawn_because=CodedReason(code=row.reason, text=row.reason_text) if withdrawn else None,
        certificate=certificate,
    )


def _to_signature(row: Row[Any]) -> Signature:
    return Signature(
        capacity=row.capacity,
        role=Role(row.role),
        person_id=UUID(row.person_id),
        organisation_id=UUID(row.organisation_id),
        signed_at=from_microseconds(row.signed_at),
    )
