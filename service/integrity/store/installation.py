"""What stands around the histories and must agree with them: news, keys, rules, feeds."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from sqlalchemy import ColumnElement, Row, Table, and_, exists, func, literal, or_, select

from service.cases.store.tables import cases, contents, outbox, parts, transitions
from service.database.protections import Unprotected, insist
from service.database.tables import case_keys
from service.database.transaction import Transaction
from service.events.store.tables import feed
from service.integrity.store.case_history import definition_of, edges_of, is_text_of
from service.integrity.store.destroyed_case import Fault
from service.workflows.rules.definition import Definition, Edge
from service.workflows.store.tables import region_settings, workflow_edges, workflow_plans, workflows

Found = tuple[str, str]  # the code of a fault, and where it is


class Surroundings:
    """What `verify` of one history does not look at."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring

    def of_case(self, case_id: UUID | str, *, destroyed: bool) -> Iterator[Fault]:
        """Each entry has its news, and each content a key that opens with the master key; a destroyed one has none."""
        yield from sorted(self._without_news(str(case_id), destroyed=destroyed))
        yield from sorted(self._without_key(str(case_id), destroyed=destroyed))

    def of_installation(self) -> Iterator[Found]:
        try:
            insist(self._connection)
        except Unprotected as found:
            yield "protections", str(found)
        for table in (parts, transitions, contents):
            if self._any(~exists().where(cases.c.id == table.c.case_id), table):
                yield "without_case", table.name
        for table in (outbox, feed):
            entry = and_(transitions.c.case_id == table.c.case_id, transitions.c.sequence == table.c.sequence)
            if self._any(~exists().where(entry), table):
                yield "without_entry", table.name
        yield from self._rules()
        yield from self._feeds()

    def _without_news(self, case_id: str, *, destroyed: bool) -> Iterator[Fault]:
        t, o = transitions.c, outbox.c
        said: ColumnElement[str] = literal("destroyed") if destroyed else t.part_kind + "." + t.trigger_name
        told = transitions.outerjoin(outbox, and_(o.case_id == t.case_id, o.sequence == t.sequence))
        query = select(t.sequence).select_from(told).where(t.case_id == case_id, or_(o.id.is_(None), o.type != said))
        for sequence in self._connection.execute(query).scalars():
            yield sequence, "news"

    def _without_key(self, case_id: str, *, destroyed: bool) -> Iterator[Fault]:
        c, k = contents.c, case_keys.c
        if destroyed:
            if self._any(k.owner_id == case_id, case_keys):
                yield 1, "key_left"
            return
        locked = contents.outerjoin(case_keys, and_(k.owner_id == c.case_id, k.content_class == c.content_class))
        rows = self._connection.execute(select(c.sequence, k.wrapped).select_from(locked).where(c.case_id == case_id))
        opens = dict[bytes | None, bool]()
        for sequence, wrapped in rows:
            if wrapped not in opens:
                opens[wrapped] = self._opens(wrapped)
            if not opens[wrapped]:
                yield sequence, "key"

    def _opens(self, wrapped: bytes | None) -> bool:
        try:
            return bool(wrapped and self._keyring.unwrapped(wrapped))
        except InvalidUnwrap:
            return False

    def _rules(self) -> Iterator[Found]:
        w, e, s = workflows.c, workflow_edges.c, region_settings.c
        edges: dict[str, set[Edge]] = {}
        for hash_, *edge in self._connection.execute(select(e.workflow, e.trigger_name, e.source, e.target)):
            edges.setdefault(hash_, set()).add(Edge(*edge))
        plans = {row.hash: row for row in self._connection.execute(select(workflow_plans))}
        for row in self._connection.execute(select(workflows).order_by(w.hash)):
            own, plan = edges.pop(row.hash, set()), _passage(plans.pop(row.hash, None))
            if not is_text_of(row.hash, row.definition):
                yield "workflow_text", row.hash
                continue
            definition = definition_of(row.definition)
            if own != edges_of(row.definition) or (row.name, row.edges) != (definition.name, len(own)):
                yield "workflow_edges", row.hash
            if plan != _intended(definition):
                yield "workflow_plan", row.hash
        yield from (("workflow_edges", hash_) for hash_ in sorted(edges))
        yield from (("workflow_plan", hash_) for hash_ in sorted(plans))
        for row in self._connection.execute(select(region_settings).order_by(s.hash)):
            if not is_text_of(row.hash, row.settings):
                yield "settings_text", row.hash
        yield from self._named_in_vain()

    def _named_in_vain(self) -> Iterator[Found]:
        """Rules that entries name and that are not there: nobody can say any more what they were made under."""
        for named, known in (
            (transitions.c.workflow, workflows.c.hash),
            (transitions.c.settings, region_settings.c.hash),
        ):
            query = select(named).where(named.is_not(None), ~exists().where(known == named)).distinct()
            for hash_ in self._connection.execute(query).scalars():
                yield "rules_missing", f"{named.name} {hash_}"

    def _feeds(self) -> Iterator[Found]:
        """Positions follow each other without a gap from 1 on, and whatever was published was heard by the team."""
        f, o = feed.c, outbox.c
        gapless = and_(func.min(f.position) == 1, func.max(f.position) == func.count())
        with_gaps = select(f.organisation_id).group_by(f.organisation_id).having(~gapless).order_by(f.organisation_id)
        for organisation_id in self._connection.execute(with_gaps).scalars():
            yield "feed_gap", organisation_id
        heard = and_(f.organisation_id == cases.c.team_id, f.case_id == o.case_id, f.sequence == o.sequence)
        unheard = select(o.case_id, o.sequence).join(cases, cases.c.id == o.case_id)
        lost = and_(o.published_at.is_not(None), o.type != "destroyed", ~exists().where(heard))
        unheard = unheard.where(lost).order_by(o.id).limit(1)
        for case_id, sequence in self._connection.execute(unheard):
            yield "feed_unheard", f"{case_id} {sequence}"

    def _any(self, where: ColumnElement[bool], table: Table) -> bool:
        return bool(self._connection.execute(select(exists(select(1).select_from(table).where(where)))).scalar())


def _passage(plan: Row[Any] | None) -> tuple[str, str, str] | None:
    return plan and (plan.kind, plan.from_workflow, plan.to_workflow)


def _intended(definition: Definition) -> tuple[str, str, str] | None:
    return definition.adopts and (definition.name, *definition.adopts)
