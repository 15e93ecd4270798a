"""Verification around the histories: outbox, keys, workflows, settings, feeds, access log and administration."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from sqlalchemy import ColumnElement, Row, Table, and_, exists, func, literal, or_, select

from service.audit.store.seals import LogSeals
from service.cases.store.tables import cases, contents, outbox, parts, transitions
from service.database.administration_seals import AdministrationSeals
from service.database.protections import ProtectionMissing, require_protections
from service.database.tables import case_keys
from service.database.transaction import Transaction
from service.events.store.tables import feed
from service.integrity.store.destroyed_case import EntryFault
from service.integrity.store.references import definition_of, edges_of, matches_hash
from service.workflows.rules.definition import Definition, Edge
from service.workflows.store.tables import region_settings, workflow_edges, workflow_plans, workflows

InstallationFault = tuple[str, str]  # (fault code, place of the fault)


class InstallationCheck:
    """Checks that `verify_history` does not make."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._log_seals = LogSeals(transaction)
        self._administration_seals = AdministrationSeals(transaction)

    def faults_of_case(self, case_id: UUID | str, *, destroyed: bool) -> Iterator[EntryFault]:
        """Entries without an outbox row, contents without a key that opens, and keys left after a destruction."""
        yield from sorted(self._without_event(str(case_id), destroyed=destroyed))
        yield from sorted(self._without_key(str(case_id), destroyed=destroyed))

    def faults_of_installation(self) -> Iterator[InstallationFault]:
        """Missing protections, rows without their case or entry, damaged rules, incomplete feeds, and broken seals."""
        try:
            require_protections(self._connection)
        except ProtectionMissing as error:
            yield "protections", str(error)
        for table in (parts, transitions, contents):
            if self._any(~exists().where(cases.c.id == table.c.case_id), table):
                yield "without_case", table.name
        for table in (outbox, feed):
            entry = and_(transitions.c.case_id == table.c.case_id, transitions.c.sequence == table.c.sequence)
            if self._any(~exists().where(entry), table):
                yield "without_entry", table.name
        yield from self._rules()
        yield from self._feeds()
        yield from ((code, str(number)) for code, number in self._log_seals.faults())
        yield from self._administration_seals.faults()

    def _without_event(self, case_id: str, *, destroyed: bool) -> Iterator[EntryFault]:
        entry, event = transitions.c, outbox.c
        type_: ColumnElement[str] = literal("destroyed") if destroyed else entry.part_kind + "." + entry.trigger_name
        joined = transitions.outerjoin(outbox, and_(event.case_id == entry.case_id, event.sequence == entry.sequence))
        query = select(entry.sequence).select_from(joined)
        query = query.where(entry.case_id == case_id, or_(event.id.is_(None), event.type != type_))
        for sequence in self._connection.execute(query).scalars():
            yield sequence, "news"

    def _without_key(self, case_id: str, *, destroyed: bool) -> Iterator[EntryFault]:
        content, key = contents.c, case_keys.c
        if destroyed:
            if self._any(key.owner_id == case_id, case_keys):
                yield 1, "key_left"
            return
        joined = contents.outerjoin(
            case_keys, and_(key.owner_id == content.case_id, key.content_class == content.content_class)
        )
        query = select(content.sequence, key.wrapped).select_from(joined)
        # Destroyed content needs no key.
        query = query.where(content.case_id == case_id, content.ciphertext.is_not(None))
        opens = dict[bytes | None, bool]()
        for sequence, wrapped in self._connection.execute(query):
            if wrapped not in opens:
                opens[wrapped] = self._opens(wrapped)
            if not opens[wrapped]:
                yield sequence, "key"

    def _opens(self, wrapped: bytes | None) -> bool:
        try:
            return bool(wrapped and self._keyring.unwrap(wrapped))
        except InvalidUnwrap:
            return False

    def _rules(self) -> Iterator[InstallationFault]:
        stored = workflow_edges.c
        edges: dict[str, set[Edge]] = {}
        query = select(stored.workflow, stored.trigger_name, stored.source, stored.target)
        for hash_, *edge in self._connection.execute(query):
            edges.setdefault(hash_, set()).add(Edge(*edge))
        plans = {row.hash: row for row in self._connection.execute(select(workflow_plans))}
        for row in self._connection.execute(select(workflows).order_by(workflows.c.hash)):
            edges_of_row, plan = edges.pop(row.hash, set()), _plan_of_row(plans.pop(row.hash, None))
            if not matches_hash(row.hash, row.definition):
                yield "workflow_text", row.hash
                continue
            definition = definition_of(row.definition)
            head = (definition.name, len(edges_of_row))
            if edges_of_row != edges_of(row.definition) or (row.name, row.edges) != head:
                yield "workflow_edges", row.hash
            if plan != _plan_of_definition(definition):
                yield "workflow_plan", row.hash
        yield from (("workflow_edges", hash_) for hash_ in sorted(edges))
        yield from (("workflow_plan", hash_) for hash_ in sorted(plans))
        for row in self._connection.execute(select(region_settings).order_by(region_settings.c.hash)):
            if not matches_hash(row.hash, row.settings):
                yield "settings_text", row.hash
        yield from self._missing_rules()

    def _missing_rules(self) -> Iterator[InstallationFault]:
        """Workflows and settings that entries refer to and that are not stored."""
        for reference, key in (
            (transitions.c.workflow, workflows.c.hash),
            (transitions.c.settings, region_settings.c.hash),
        ):
            query = select(reference).where(reference.is_not(None), ~exists().where(key == reference)).distinct()
            for hash_ in self._connection.execute(query).scalars():
                yield "rules_missing", f"{reference.name} {hash_}"

    def _feeds(self) -> Iterator[InstallationFault]:
        """Feeds whose positions are not gapless from 1, and the first published event missing from its team's feed."""
        item, event = feed.c, outbox.c
        gapless = and_(func.min(item.position) == 1, func.max(item.position) == func.count())
        by_organisation = select(item.organisation_id).group_by(item.organisation_id)
        with_gaps = by_organisation.having(~gapless).order_by(item.organisation_id)
        for organisation_id in self._connection.execute(with_gaps).scalars():
            yield "feed_gap", organisation_id
        of_event = and_(item.case_id == event.case_id, item.sequence == event.sequence)
        in_team_feed = exists().where(item.organisation_id == cases.c.team_id, of_event)
        missing = (
            select(event.case_id, event.sequence)
            .join(cases, cases.c.id == event.case_id)
            .where(event.published_at.is_not(None), event.type != "destroyed", ~in_team_feed)
            .order_by(event.id)
            .limit(1)
        )
        for case_id, sequence in self._connection.execute(missing):
            yield "feed_unheard", f"{case_id} {sequence}"

    def _any(self, where: ColumnElement[bool], table: Table) -> bool:
        return bool(self._connection.execute(select(exists(select(1).select_from(table).where(where)))).scalar())


def _plan_of_row(row: Row[Any] | None) -> tuple[str, str, str] | None:
    """Returns (kind, hash of the old workflow, hash of the new workflow)."""
    return row and (row.kind, row.from_workflow, row.to_workflow)


def _plan_of_definition(definition: Definition) -> tuple[str, str, str] | None:
    """Returns (kind, hash of the old workflow, hash of the new workflow), or None when it is no migration plan."""
    return definition.adopts and (definition.name, *definition.adopts)
