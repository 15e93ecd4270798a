"""The settings of a region: what it decided here itself, else what the file of workflows says."""

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
    """Those of now, asked of the database each time: a decision holds in every replica, without a restart.

    `at`: those of a moment before, without what was decided for it afterwards.
    """
    day = day_in_amsterdam(at or transaction.now)
    decided = DatedSettings(transaction).in_force(region, day, recorded_by=at)
    return rules.settings.on(region, day) if decided is None else rules.settings.changed(decided)


def keep_decided(transaction: Transaction, rules: Rulebook) -> None:
    """Make what regions decided ready for the defaults of this version. Raises RulesRefused when a workflow cannot."""
    settings = _of_today_and_later(transaction, rules)
    rules.check(settings)
    for chosen in settings.values():
        Definitions(transaction).keep_settings(chosen)


def _of_today_and_later(transaction: Transaction, rules: Rulebook) -> Mapping[str, RegionSettings]:
    tomorrow = day_in_amsterdam(transaction.now) + timedelta(days=1)
    found = {}
    for region, dated in groupby(DatedSettings(transaction).decided(), key=lambda it: it.region):
        past_and_future = tuple(dated)
        past = [it for it in past_and_future if it.valid_from < tomorrow]
        for it in (*past[-1:], *(it for it in past_and_future if it.valid_from >= tomorrow)):
            found[f"{region} {it.valid_from}"] = rules.settings.changed(it.changes)
    return found
