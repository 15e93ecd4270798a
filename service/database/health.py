"""The condition of a database: what is looked at before it is served, and again whenever somebody asks."""

from sqlalchemy import Connection

from service.database.keyring import MasterKeyRefused
from service.database.migrations import expected_revision, revision_of
from service.database.protections import Unprotected, insist
from service.database.row_security import NoSecondWall, insist_on_wall
from service.database.transaction import Transaction

# What the server must do before it says that something is on disk (synchronous_commit stands among the protections).
_ON_POSTGRESQL = ("fsync", "full_page_writes")


class MayLoseData(Unprotected):
    """The database answers before data is on disk: a power cut would take back what was promised."""


def insist_on_disk(connection: Connection) -> None:
    """Raises MayLoseData when the server was told to be quick rather than sure. SQLite: see protections."""
    if connection.dialect.name == "postgresql":
        shown = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in _ON_POSTGRESQL}
        if unsafe := ", ".join(f"{name} = {value}" for name, value in shown.items() if value != "on"):
            raise MayLoseData(f"the database may lose what it said it kept: {unsafe}")


def failing(transaction: Transaction, *, may_lose_data: bool, second_wall: bool) -> tuple[str, ...]:
    """What keeps this database from being served, in codes."""
    transaction.allow_all_rows("readiness")
    if revision_of(transaction.connection) != expected_revision():
        return ("revision",)  # of another schema nothing else can be said
    found = []
    try:
        insist(transaction.connection)
    except Unprotected:
        found.append("protections")
    try:
        insist_on_disk(transaction.connection)
    except MayLoseData:
        found += [] if may_lose_data else ["database_settings"]
    try:
        insist_on_wall(transaction.connection)
    except NoSecondWall:
        found += ["second_wall"] if second_wall else []
    try:
        transaction.keyring.insist(transaction.connection)
    except MasterKeyRefused:
        found.append("master_key")
    return tuple(found)
