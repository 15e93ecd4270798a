"""The schema of a database as the database itself reports it, for comparison with another."""

from sqlalchemy import Connection, text

_SQLITE = """
SELECT '{schema}', name, sql FROM {schema}.sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'alembic_version'
"""
_POSTGRESQL = (
    """
SELECT table_schema || '.' || table_name, column_name, concat_ws(' ', data_type, character_maximum_length, is_nullable,
       column_default, is_identity, col_description((table_schema || '.' || table_name)::regclass, ordinal_position))
FROM information_schema.columns
WHERE table_schema IN ('public', 'keys') AND table_name NOT IN ('alembic_version', 'cases_in_sight')
""",
    """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace::regnamespace::text IN ('public', 'keys') AND contype <> 'n'
  AND conrelid <> coalesce(to_regclass('alembic_version'), 0)
""",
    """
SELECT schemaname || '.' || tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname IN ('public', 'keys') AND tablename <> 'alembic_version'
""",
    """
SELECT relname, 'comment', obj_description(oid) FROM pg_class WHERE relkind = 'r' AND obj_description(oid) IS NOT NULL
  AND relnamespace::regnamespace::text IN ('public', 'keys')
""",
)
_PROTECTIONS = (
    """
SELECT tgrelid::regclass::text, tgname, concat_ws(' ', pg_get_triggerdef(oid), tgenabled)
FROM pg_trigger WHERE NOT tgisinternal
""",
    """
SELECT 'function', proname, concat_ws(' ', prosrc, prosecdef, proconfig) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
""",
    "SELECT 'policy', concat_ws(' ', tablename, policyname), concat_ws(' ', cmd, qual, with_check) FROM pg_policies",
    "SELECT 'row security', oid::regclass::text, '' FROM pg_class WHERE relrowsecurity",
    "SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public'",
)


def schema_of(connection: Connection, *, protections: bool) -> set[tuple[str, str, str]]:
    """The schema: tables with columns and constraints, indexes, comments, and on request the protections."""
    if connection.dialect.name == "postgresql":
        queries = (*_POSTGRESQL, *(_PROTECTIONS if protections else ()))
        return {tuple(map(str, row)) for query in queries for row in connection.execute(text(query))}  # type: ignore[misc]  # every query has three columns
    created = [row for schema in ("main", "keys") for row in connection.execute(text(_SQLITE.format(schema=schema)))]
    return {
        (schema, name, _normalised(sql))
        for schema, name, sql in created
        if protections or not sql.startswith("CREATE TRIGGER")
    }


def _normalised(sql: str) -> str:
    """A statement with its lines in a fixed order."""
    return "\n".join(sorted(line.strip().rstrip(",") for line in sql.splitlines()))
