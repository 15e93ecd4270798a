"""The settings of a region: those that it decided in this installation, else those of settings.toml."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby

from service.database.transaction import Transaction
from service.vocabulary.calendar import day_in_amsterdam
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.dated_settings import DatedSettings
from service.workflows.store.definitions import Definitions


def settings_in_force(
    transaction: Transaction, rules: Rulebook, region: str, *, at: datetime | None = None
) -> RegionSettings:
    """Returns the settings of a region in force now, or at an earlier moment `at`.

    They are read from the database each time, so that a decision takes effect in every replica without a restart. A
    decision recorded after `at` is left out.
    """
    day = day_in_amsterdam(at or transaction.now)
    decided = DatedSettings(transaction).changes_in_force(region, day, recorded_by=at)
    return rules.settings.settings_on(region, day) if decided is None else rules.settings.with_changes(decided)


def store_decided_settings(transaction: Transaction, rules: Rulebook) -> None:
    """Check and store the decided settings of all regions, combined with the defaults of this version.

    Raises RulesRefused when a workflow does not fit them.
    """
    settings = _of_today_and_later(transaction, rules)
    rules.check(settings)
    for region_settings in settings.values():
        Definitions(transaction).add_settings(region_settings)


def _of_today_and_later(transaction: Transaction, rules: Rulebook) -> Mapping[str, RegionSettings]:
    """Returns the settings in force today and those of later days, by "region first-day"."""
    tomorrow = day_in_amsterdam(transaction.now) + timedelta(days=1)
    settings = {}
    all_decisions = DatedSettings(transaction).decisions()
    for region, decisions_of_region in groupby(all_decisions, key=lambda decision: decision.region):
        decisions = tuple(decisions_of_region)
        past = [decision for decision in decisions if decision.valid_from < tomorrow]
        future = [decision for decision in decisions if decision.valid_from >= tomorrow]
        for decision in (*past[-1:], *future):
            settings[f"{region} {decision.valid_from}"] = rules.settings.with_changes(decision.changes)
    return settings
