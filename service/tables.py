"""All tables, by importing the modules of the subjects that own them: what migrations compare and roles are granted.

Times are integer microseconds in UTC, days ISO text, identifiers text, digests hexadecimal.
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
