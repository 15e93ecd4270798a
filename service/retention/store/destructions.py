"""Proposals to destroy a case, who signed or withdrew them, and the certificates of what was destroyed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, exists, func, insert, select, tuple_

from service.cases.rules.certificate import Certificate, Signature
from service.cases.store.certificates import certificate_of, to_certificate
from service.cases.store.rows import text_of
from service.cases.store.tables import cases, contents, destructions, parts
from service.database.paging import Cursors, Page
from service.database.tables import case_keys
from service.database.transaction import Transaction
from service.retention.rules.destruction import CodedReason, Proposal, Recorded
from service.retention.store.legal_holds import recorded_row, to_recorded
from service.retention.store.tables import destruction_proposals, destruction_signatures, destruction_withdrawals
from service.vocabulary.calendar import microseconds, moment
from service.vocabulary.canonical_json import canonical
from service.vocabulary.roles import Role

_p, _s, _w, _d = destruction_proposals.c, destruction_signatures.c, destruction_withdrawals.c, destructions.c
_PROPOSALS = (
    select(destruction_proposals, _w.recorded_at.label("withdrawn_at"), _w.actor_id.label("withdrawn_by"))
    .add_columns(_w.organisation_id.label("withdrawn_for"), _w.reason, _w.reason_text)
    .outerjoin(destruction_withdrawals, _w.proposal_id == _p.id)
)
_taken_back, _gone = destruction_withdrawals.alias("taken_back").c, destructions.alias("gone").c
_OPEN = (~exists().where(_taken_back.proposal_id == _p.id), ~exists().where(_gone.case_id == _p.case_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A case for whoever decides about its destruction without reading it: whose it is, and where."""

    case_id: UUID
    number: str
    region: str
    team_id: UUID
    sequence: int
    head: str


class Destructions:
    """A certificate that is stored here empties its case, by the database itself."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._proposal_cursors = Cursors(transaction.keyring, "destruction_proposals")
        self._cursors = Cursors(transaction.keyring, "destructions")
        self._now = transaction.now

    def subject(self, case_id: UUID, *, teams: Collection[UUID], lock: bool = False) -> Subject | None:
        """The case, when it belongs to one of these teams. `lock` holds it until the transaction ends."""
        c = cases.c
        query = select(cases).where(c.id == str(case_id), c.team_id.in_(_texts(teams)))
        row = self._connection.execute(query.with_for_update() if lock else query).first()
        return None if row is None else _subject(row)

    def ended(self, *, teams: Collection[UUID]) -> tuple[UUID, ...]:
        """The cases of these teams that have ended and not been proposed, in a lasting order."""
        proposed = exists().where(_p.case_id == parts.c.id, *_OPEN)
        rows = self._connection.execute(
            select(parts.c.id)
            .where(parts.c.id == parts.c.case_id, parts.c.phase == "ended", parts.c.team_id.in_(_texts(teams)))
            .where(~proposed)
            .order_by(parts.c.id)
        )
        return tuple(map(UUID, rows.scalars()))

    def propose(self, it: Proposal) -> None:
        row = {
            "id": str(it.id),
            "case_id": str(it.case_id),
            "ground": it.ground,
            "request_id": text_of(it.request_id),
            "sequence": it.sequence,
            "policy": it.policy,
            "keep_until": it.keep_until and it.keep_until.isoformat(),
        }
        self._connection.execute(insert(destruction_proposals), row | recorded_row(it.recorded))

    def proposal(self, proposal_id: UUID) -> Proposal | None:
        found = self._proposals(_PROPOSALS.where(_p.id == str(proposal_id)))
        return found[0] if found else None

    def open_for(self, case_id: UUID) -> Proposal | None:
        found = self._proposals(_PROPOSALS.where(_p.case_id == str(case_id), *_OPEN))
        return found[0] if found else None

    def page(self, *, teams: Collection[UUID], open_only: bool, limit: int, cursor: str | None) -> Page[Proposal]:
        """The proposals of these teams, the newest first."""
        query = _PROPOSALS.join(cases, cases.c.id == _p.case_id).where(cases.c.team_id.in_(_texts(teams)))
        if open_only:
            query = query.where(*_OPEN)
        if cursor is not None:
            at, id_ = self._proposal_cursors.place(cursor).split()
            query = query.where(tuple_(_p.recorded_at, _p.id) < tuple_(int(at), id_))
        found = self._proposals(query.order_by(_p.recorded_at.desc(), _p.id.desc()).limit(limit + 1))
        return self._proposal_cursors.page(
            found, limit, read=lambda it: it, place=lambda it: f"{microseconds(it.recorded.at)} {it.id}"
        )

    def sign(self, proposal_id: UUID, it: Signature) -> None:
        """Raises IntegrityError when somebody signed so before, or this person signed already."""
        row = {
            "proposal_id": str(proposal_id),
            "capacity": it.capacity,
            "role": str(it.role),
            "person_id": str(it.person_id),
            "organisation_id": str(it.organisation_id),
            "signed_at": microseconds(it.at),
        }
        self._connection.execute(insert(destruction_signatures), row)

    def withdraw(self, proposal_id: UUID, reason: CodedReason, recorded: Recorded) -> None:
        row = {"proposal_id": str(proposal_id), "reason": reason.code, "reason_text": reason.text}
        self._connection.execute(insert(destruction_withdrawals), row | recorded_row(recorded))

    def carry_out(self, it: Certificate, *, replayed: bool = False) -> None:
        """Empty the case and remove its keys. Raises IntegrityError for what two people did not decide."""
        row = {
            "case_id": str(it.case_id),
            "proposal_id": str(it.proposal_id),
            "ground": it.ground,
            "request_id": text_of(it.request_id),
            "policy": it.policy,
            "signed": canonical([one.facts() for one in it.signed]),
            "destroyed_at": microseconds(it.destroyed_at),
            "day": it.day.isoformat(),
            "entries": it.entries,
            "contents": it.contents,
            "head": it.head,
            "certificate": it.digest,
            "replayed_at": microseconds(self._now) if replayed else None,
        }
        self._connection.execute(insert(destructions), row)
        self._keyring.forget(self._connection, it.case_id)

    def certificate(self, case_id: UUID) -> Certificate | None:
        return certificate_of(self._connection, case_id)

    def certificates(self, *, teams: Collection[UUID], limit: int, cursor: str | None) -> Page[Certificate]:
        """Of the cases of these teams, the newest first."""
        query = select(destructions).join(cases, cases.c.id == _d.case_id).where(cases.c.team_id.in_(_texts(teams)))
        if cursor is not None:
            at, id_ = self._cursors.place(cursor).split()
            query = query.where(tuple_(_d.destroyed_at, _d.case_id) < tuple_(int(at), id_))
        newest_first = query.order_by(_d.destroyed_at.desc(), _d.case_id.desc()).limit(limit + 1)
        rows = self._connection.execute(newest_first).all()
        return self._cursors.page(
            rows, limit, read=to_certificate, place=lambda row: f"{row.destroyed_at} {row.case_id}"
        )

    def all(self) -> tuple[Certificate, ...]:
        """Every certificate, for the list outside the database."""
        return tuple(map(to_certificate, self._connection.execute(select(destructions).order_by(_d.destroyed_at))))

    def left_of(self, case_id: UUID) -> Subject | None:
        """A case as a list of destructions names it, locked; for nobody's eyes."""
        row = self._connection.execute(select(cases).where(cases.c.id == str(case_id)).with_for_update()).first()
        return None if row is None else _subject(row)

    def counted(self, case_id: UUID) -> int:
        """How many entries have content."""
        of_case = select(func.count()).select_from(contents).where(contents.c.case_id == str(case_id))
        return int(self._connection.execute(of_case).scalar_one())

    def remove_keys(self) -> int:
        """Of destroyed cases: where the keys have a file of their own, it may have missed a commit."""
        gone = delete(case_keys).where(case_keys.c.owner_id.in_(select(_d.case_id)))
        return self._connection.execute(gone).rowcount

    def numbers(self, case_ids: Iterable[UUID]) -> dict[UUID, str]:
        rows = self._connection.execute(select(cases.c.id, cases.c.number).where(cases.c.id.in_(_texts(case_ids))))
        return {UUID(row.id): row.number for row in rows}

    def _proposals(self, query: Select[Any]) -> tuple[Proposal, ...]:
        rows = self._connection.execute(query).all()
        ids = [row.id for row in rows]
        signed: dict[str, list[Signature]] = {id_: [] for id_ in ids}
        for row in self._connection.execute(
            select(destruction_signatures).where(_s.proposal_id.in_(ids)).order_by(_s.signed_at, _s.capacity)
        ):
            signed[row.proposal_id].append(_signature(row))
        done = self._connection.execute(select(destructions).where(_d.case_id.in_({row.case_id for row in rows})))
        certificates = {row.case_id: to_certificate(row) for row in done}
        return tuple(_proposal(row, signed[row.id], certificates.get(row.case_id)) for row in rows)


def _texts(ids: Iterable[UUID]) -> list[str]:
    return sorted(map(str, ids))


def _subject(row: Row[Any]) -> Subject:
    return Subject(
        case_id=UUID(row.id),
        number=row.number,
        region=row.region,
        team_id=UUID(row.team_id),
        sequence=row.sequence,
        head=row.digest,
    )


def _proposal(row: Row[Any], signed: Sequence[Signature], certificate: Certificate | None) -> Proposal:
    withdrawn = row.withdrawn_at is not None
    return Proposal(
        id=UUID(row.id),
        case_id=UUID(row.case_id),
        ground=row.ground,
        request_id=row.request_id and UUID(row.request_id),
        sequence=row.sequence,
        policy=row.policy,
        keep_until=row.keep_until and date.fromisoformat(row.keep_until),
        recorded=to_recorded(row.recorded_at, row.actor_id, row.organisation_id),
        signed=tuple(signed),
        withdrawn=to_recorded(row.withdrawn_at, row.withdrawn_by, row.withdrawn_for) if withdrawn else None,
        withdrawn_because=CodedReason(code=row.reason, text=row.reason_text) if withdrawn else None,
        certificate=certificate,
    )


def _signature(row: Row[Any]) -> Signature:
    return Signature(
        capacity=row.capacity,
        role=Role(row.role),
        person_id=UUID(row.person_id),
        organisation_id=UUID(row.organisation_id),
        at=moment(row.signed_at),
    )
