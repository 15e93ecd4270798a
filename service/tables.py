"""All tables of all subjects, for Alembic to compare and for the grants of the PostgreSQL roles.

Times are stored as integer microseconds in UTC, days as ISO text, identifiers as text, digests as hexadecimal text.
"""

import service.audit.store.tables
import service.cases.store.tables
import service.database.tables
import service.events.store.tables
import service.offers.store.tables
import service.people.store.tables
import service.retention.store.tables
import service.workflows.store.tables  # noqa: F401 - importing a table adds it to the metadata
from service.database.columns import metadata

__all__ = ["metadata"]
