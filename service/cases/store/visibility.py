"""Who may see what: one predicate for reading one, listing many and every embedded thing (design decision 14)."""

from sqlalchemy import ColumnElement, and_, exists, false, or_

from service.cases.store.tables import cases, parts
from service.kinds import KINDS
from service.vocabulary.actor import Actor
from service.vocabulary.roles import SUBMITTING_ROLES, TABLE_ROLES, TEAM_ROLES, Role

main = parts.alias("main")
_escalation = parts.alias("escalation")
_emergency = parts.alias("emergency")
# An expert sees a case while it is at the table, and not before or after (domain.md 2.11).
AT_THE_TABLE = ("review", "binding_advice")


def whole(actor: Actor) -> ColumnElement[bool]:
    """What belongs to cases that this person may read as a whole; to be used where `main` is the case's main part.

    Every part carries team and submitter of its case, as the database insists: asked of the part itself, a list is
    walked along the index of its own order.
    """
    terms: list[ColumnElement[bool]] = []
    if teams := _ids(actor, TEAM_ROLES):
        terms.append(parts.c.team_id.in_(teams))
    if submitters := _ids(actor, SUBMITTING_ROLES):
        terms.append(parts.c.submitter_id.in_(submitters))
    if tables := _ids(actor, TABLE_ROLES):
        terms.append(and_(parts.c.team_id.in_(tables), main.c.phase.in_(AT_THE_TABLE)))
    if liaisons := _ids(actor, {Role.CCE_LIAISON}):
        put_to = and_(
            _escalation.c.case_id == main.c.id,
            _escalation.c.kind == "escalation",
            _escalation.c.phase != "ended",
            _escalation.c.addressee_id.in_(liaisons),
        )
        terms.append(and_(main.c.phase != "ended", exists().where(put_to)))
    for it in actor.emergencies:
        # Looked into by whoever reviews it, it is over before its time.
        unreviewed = and_(_emergency.c.id == str(it.part_id), _emergency.c.phase != "ended")
        terms.append(and_(main.c.id == str(it.case_id), exists().where(unreviewed)))
    return or_(*terms) if terms else false()


def visible(actor: Actor) -> ColumnElement[bool]:
    """The parts that this person may see: all of a whole case, and what is put to their organisation.

    A liaison keeps her own escalations in sight, and the whole case as long as one of them is open: a question to the
    national level is not made of a part.
    """
    own = [
        and_(parts.c.addressee_id.in_(addressed), parts.c.kind.in_(kinds))
        for role, kinds in KINDS.seen_by.items()
        if (addressed := _ids(actor, {role}))
    ]
    return or_(whole(actor), *own)


def overseen(actor: Actor) -> ColumnElement[bool]:
    """The cases of whose log this person is the data-protection officer; it shows them nothing of what they say."""
    teams = _ids(actor, {Role.DATA_PROTECTION_OFFICER})
    return cases.c.team_id.in_(teams) if teams else false()


def _ids(actor: Actor, roles: frozenset[Role] | set[Role]) -> list[str]:
    return sorted(str(organisation) for organisation in actor.organisations(roles))
