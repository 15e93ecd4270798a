"""Row-level security of PostgreSQL, the second wall: it limits a transaction to the cases in its row scope.

The first wall is `visibility`, which decides exactly what a person sees. The second wall is coarser and independent of
it: whole cases, by the organisations that take part in them. It protects where a query forgets the first wall.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, text

# The third argument `true` limits the setting to this transaction. Otherwise it would stay with the pooled connection.
_SET_SCOPE = text("""
SELECT set_config('casusroute.everything', :everything, true), set_config('casusroute.person', :person, true),
       set_config('casusroute.organisations', :organisations, true), set_config('casusroute.regions', :regions, true),
       set_config('casusroute.cases', :cases, true)
""")
_SELECT_ROLE = text("""
SELECT rolname, rolsuper, rolbypassrls,
       EXISTS (SELECT 1 FROM pg_class WHERE oid = 'transitions'::regclass AND pg_has_role(relowner, 'USAGE')) AS owner
FROM pg_roles WHERE rolname = current_user
""")


class RowSecurityNotBinding(RuntimeError):
    """The service connects as a role that row-level security does not bind."""


def set_row_scope(
    connection: Connection,
    *,
    reason_for_all_rows: str = "",
    person: object = "",
    organisations: Iterable[object] = (),
    regions: Iterable[object] = (),
    cases: Iterable[object] = (),
) -> None:
    """Set the row scope of this transaction, in place of an earlier one.

    `reason_for_all_rows`: show all cases; the text names the work that needs them.
    """
    if connection.dialect.name == "postgresql":
        lists = {"organisations": organisations, "regions": regions, "cases": cases}
        settings = {name: ",".join(sorted({str(value) for value in values})) for name, values in lists.items()}
        connection.execute(_SET_SCOPE, {"everything": reason_for_all_rows, "person": str(person), **settings})


def require_row_security(connection: Connection) -> None:
    """Raises RowSecurityNotBinding when PostgreSQL shows this role all cases, whatever its row scope."""
    if connection.dialect.name != "postgresql":
        return
    role = connection.execute(_SELECT_ROLE).one()
    reasons = {"a superuser": role.rolsuper, "one with BYPASSRLS": role.rolbypassrls, "the tables' owner": role.owner}
    if reason := next((reason for reason, holds in reasons.items() if holds), None):
        raise RowSecurityNotBinding(
            f"the role {role.rolname} is {reason}: row-level security does not bind it. Make another role with "
            "`python -m service roles` and connect as that role, or set CASUSROUTE_WITHOUT_SECOND_WALL=true"
        )
