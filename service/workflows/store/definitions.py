"""Store of all workflow definitions and region settings ever used, by the hash of their content. Never changed."""

from sqlalchemy import insert, select

from service.database.transaction import Transaction
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.canonical_json import to_canonical_json
from service.workflows.rules.definition import Definition
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.store.tables import region_settings, workflow_edges, workflow_plans, workflows


class Definitions:
    """Store of workflow definitions and region settings. A history row refers to both by hash."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._now = transaction.now

    def add(self, definition: Definition) -> None:
        """Store a definition with its edges, once."""
        if self._connection.execute(select(workflows.c.hash).where(workflows.c.hash == definition.hash)).first():
            return
        edges = [
            {"workflow": definition.hash, "trigger_name": trigger, "source": source, "target": target}
            for trigger, source, target in definition.edges()
        ]
        self._connection.execute(
            insert(workflows),
            {
                "hash": definition.hash,
                "name": definition.name,
                "definition": definition.to_canonical_json(),
                "edges": len(edges),
                "added_at": to_microseconds(self._now),
            },
        )
        self._connection.execute(insert(workflow_edges), edges)

    def target_of_plan(self, plan_hash: str) -> str | None:
        """Returns the hash of the workflow that a migration plan leads to, or None without such a plan."""
        query = select(workflow_plans.c.to_workflow).where(workflow_plans.c.hash == plan_hash)
        return self._connection.execute(query).scalar()

    def add_settings(self, settings: RegionSettings) -> None:
        """Store settings, once."""
        existing = select(region_settings.c.hash).where(region_settings.c.hash == settings.hash)
        if not self._connection.execute(existing).first():
            text = to_canonical_json(settings.model_dump(mode="json"))
            self._connection.execute(insert(region_settings), {"hash": settings.hash, "settings": text})

    def list_definitions(self) -> tuple[Definition, ...]:
        """Returns all definitions that a part may run on. Migration plans are left out: no part stays on one."""
        plans = select(workflow_plans.c.hash)
        rows = self._connection.execute(
            select(workflows.c.definition).where(workflows.c.hash.not_in(plans)).order_by(workflows.c.added_at)
        ).scalars()
        return tuple(Definition.from_canonical_json(text) for text in rows)

    def settings_by_hash(self, settings_hash: str) -> RegionSettings:
        """Returns the settings with this hash, as named by a history entry."""
        text = self._connection.execute(
            select(region_settings.c.settings).where(region_settings.c.hash == settings_hash)
        ).scalar_one()
        return RegionSettings.model_validate_json(text)
