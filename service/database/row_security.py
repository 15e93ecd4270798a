"""The second wall: on PostgreSQL, row-level security shows a transaction no more of the cases than it was told of.

The first is `visibility`, which decides what a person sees. This one is coarser and does not know it: whole cases, by
the organisations that have a part in them. It stands where a query forgot the first.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, text

# "true": for this transaction alone. Anything else would stay with the connection, for whoever borrows it next.
_TELL = text("""
SELECT set_config('casusroute.everything', :everything, true), set_config('casusroute.person', :person, true),
       set_config('casusroute.organisations', :organisations, true), set_config('casusroute.regions', :regions, true),
       set_config('casusroute.cases', :cases, true)
""")
_ROLE = text("""
SELECT rolname, rolsuper, rolbypassrls,
       EXISTS (SELECT 1 FROM pg_class WHERE oid = 'transitions'::regclass AND pg_has_role(relowner, 'USAGE')) AS owner
FROM pg_roles WHERE rolname = current_user
""")


class NoSecondWall(RuntimeError):
    """The service connects as a role that row-level security does not bind."""


def set_row_scope(
    connection: Connection,
    *,
    everything: str = "",
    person: object = "",
    organisations: Iterable[object] = (),
    regions: Iterable[object] = (),
    cases: Iterable[object] = (),
) -> None:
    """What this transaction may be shown, instead of what it was told before. `everything`: why."""
    if connection.dialect.name == "postgresql":
        lists = {"organisations": organisations, "regions": regions, "cases": cases}
        told = {name: ",".join(sorted({str(it) for it in some})) for name, some in lists.items()}
        connection.execute(_TELL, {"everything": everything, "person": str(person), **told})


def insist_on_wall(connection: Connection) -> None:
    """Raises NoSecondWall where the database would show this role every case, whatever it was told."""
    if connection.dialect.name != "postgresql":
        return
    role = connection.execute(_ROLE).one()
    reasons = {"a superuser": role.rolsuper, "one with BYPASSRLS": role.rolbypassrls, "the tables' owner": role.owner}
    if found := next((reason for reason, holds in reasons.items() if holds), None):
        raise NoSecondWall(
            f"the role {role.rolname} is {found}: row-level security does not bind it. Make a role that it binds with "
            "`python -m service roles` and connect as that, or set CASUSROUTE_WITHOUT_SECOND_WALL=true to do without"
        )
