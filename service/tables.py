"""All tables, by importing the modules of the subjects that own them: what migrations compare and roles are granted.

Times are integer microseconds in UTC, days ISO text, identifiers text, digests hexadecimal.
"""

from service.audit.store import tables as _audit
from service.cases.store import tables as _cases
from service.database import tables as _database
from service.database.columns import metadata
from service.events.store import tables as _events
from service.offers.store import tables as _offers
from service.people.store import tables as _people
from service.retention.store import tables as _retention
from service.workflows.store import tables as _workflows

OWNERS = (_audit, _cases, _database, _events, _offers, _people, _retention, _workflows)

__all__ = ["OWNERS", "metadata"]
