"""The visibility of cases and parts: one SQL predicate for reads, lists and embedded parts (decision 0017)."""

from sqlalchemy import ColumnElement, and_, exists, false, or_

from service.cases.store.tables import cases, parts
from service.kinds import KINDS
from service.vocabulary.actor import Actor
from service.vocabulary.roles import SUBMITTING_ROLES, TABLE_ROLES, TEAM_ROLES, Role

main_part = parts.alias("main")
_escalation = parts.alias("escalation")
_emergency = parts.alias("emergency")
# Phases of the case in which experts may see it.
TABLE_PHASES = ("review", "binding_advice")


def may_read_whole_case(actor: Actor) -> ColumnElement[bool]:
    """Returns the predicate for parts of cases that this person may read as a whole. The query must join `main_part`.

    The predicate uses team and submitter of the part, which the database keeps equal to those of its case: so lists
    are read along an index in their own order.
    """
    terms: list[ColumnElement[bool]] = []
    if teams := _ids(actor, TEAM_ROLES):
        terms.append(parts.c.team_id.in_(teams))
    if submitters := _ids(actor, SUBMITTING_ROLES):
        terms.append(parts.c.submitter_id.in_(submitters))
    if tables := _ids(actor, TABLE_ROLES):
        terms.append(and_(parts.c.team_id.in_(tables), main_part.c.phase.in_(TABLE_PHASES)))
    if liaisons := _ids(actor, {Role.CCE_LIAISON}):
        open_escalation = and_(
            _escalation.c.case_id == main_part.c.id,
            _escalation.c.kind == "escalation",
            _escalation.c.phase != "ended",
            _escalation.c.addressee_id.in_(liaisons),
        )
        terms.append(and_(main_part.c.phase != "ended", exists().where(open_escalation)))
    if actor.passed_cases and actor.organisations(KINDS.judges.values()):
        terms.append(main_part.c.id.in_(sorted(map(str, actor.passed_cases))))
    for emergency in actor.emergencies:
        # Reviewed emergency access ends early.
        unreviewed = and_(_emergency.c.id == str(emergency.part_id), _emergency.c.phase != "ended")
        terms.append(and_(main_part.c.id == str(emergency.case_id), exists().where(unreviewed)))
    return or_(*terms) if terms else false()


def may_see_part(actor: Actor) -> ColumnElement[bool]:
    """Returns the predicate for parts that this person may see.

    These are all parts of a case that they may read as a whole, and the parts addressed to their organisation. A
    liaison always sees the own escalations, and the whole case while one of them is open: a question to the national
    level needs the whole case.
    """
    addressed_parts = [
        and_(parts.c.addressee_id.in_(addressed), parts.c.kind.in_(kinds))
        for role, kinds in KINDS.kinds_by_addressee_role.items()
        if (addressed := _ids(actor, {role}))
    ]
    return or_(may_read_whole_case(actor), *addressed_parts)


def may_oversee_log(actor: Actor) -> ColumnElement[bool]:
    """Returns the predicate for cases whose access log this person oversees as data-protection officer.

    It gives no sight of the cases themselves.
    """
    teams = _ids(actor, {Role.DATA_PROTECTION_OFFICER})
    return cases.c.team_id.in_(teams) if teams else false()


def _ids(actor: Actor, roles: frozenset[Role] | set[Role]) -> list[str]:
    return sorted(str(organisation) for organisation in actor.organisations(roles))
