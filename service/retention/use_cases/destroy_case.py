"""Destruction of a case."""

from collections.abc import Sequence

from service.cases.rules.amendments import AMENDING_TRIGGERS
from service.cases.rules.certificate import Certificate
from service.cases.rules.model import Transition
from service.database.transaction import Transaction
from service.offers.rules.gap_table import missing_functions
from service.offers.store.destroyed_case_figures import DestroyedCaseFigures
from service.retention.store.destructions import Destructions
from service.retention.store.family_names import FamilyNames


def destroy_case(
    transaction: Transaction, certificate: Certificate, history: Sequence[Transition], *, replayed: bool = False
) -> None:
    """Keep the gap figures of the case, empty it, and anonymise its family when no other case of theirs is left."""
    # The family may have cases with other teams, which the rows visible to one team do not show.
    transaction.allow_all_rows("destruction")
    submitter = history[0].organisation_id
    for region in sorted({entry.region for entry in history}):
        gaps = [
            entry for entry in history if entry.region == region and entry.trigger in ("record_gap", *AMENDING_TRIGGERS)
        ]
        DestroyedCaseFigures(transaction).add_case(
            region, [(year, domain, function) for _, year, domain, function in missing_functions(gaps)]
        )
    Destructions(transaction).destroy_case(certificate, replayed=replayed)
    FamilyNames(transaction).anonymise(submitter)
