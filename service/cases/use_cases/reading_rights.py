"""The rights to read the content of a case, and the refusals that explain them (I20, I22; Jeugdwet 7.3.10, 7.3.11).

Only content is withheld. State, terms and lists stay visible.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from service.cases.rules.consents import (
    CHILD_SOLE_CONSENT_AGE,
    PURPOSE_CCE,
    PURPOSE_NETWORK,
    PURPOSE_PARENTS,
    PURPOSE_PROVIDERS,
    PURPOSE_TABLE,
    PurposeConsent,
)
from service.cases.rules.facts import CaseFacts, fold_facts
from service.cases.rules.model import Transition
from service.cases.use_cases.birth_month import birth_month_for_parents
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.vocabulary.actor import Actor, SightBasis
from service.vocabulary.ages import age_on
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.refusals import ConsentMissing, NotAllowed, WrittenByOthers, YoungPersonDecides
from service.vocabulary.roles import FAMILY_ROLES, TABLE_ROLES, Role

# Roles outside the team, with the purpose for which the child's story may be shared with them.
SHARING_PURPOSES: Mapping[Role, str] = {
    Role.PROVIDER: PURPOSE_PROVIDERS,
    Role.CCE_LIAISON: PURPOSE_CCE,
    Role.NATIONAL_SUPPORT: PURPOSE_CCE,
    Role.EXPERTISE_NETWORK: PURPOSE_NETWORK,
}
# Forms that are addressed to the family or decide about it, in every version.
FORMS_TO_FAMILY = frozenset(
    {
        "consult", "information_request", "decline", "transfer", "advice", "advice_revision", "reconsideration_outcome",
        "file_request_grant", "file_request_refusal", "file_request_postponement", "file_request_outcome",
    }
)  # fmt: skip


class Reader:
    """The rights of one person to read one case in one role.

    For a past view, `history` is what was known on the day `on` in Amsterdam, and `present_reader` holds the rights of
    today, which limit it as well.
    """

    def __init__(
        self,
        transaction: Transaction,
        actor: Actor,
        seat: SightBasis,
        history: Sequence[Transition],
        on: date | None = None,
        *,
        present_reader: "Reader | None" = None,
    ) -> None:
        facts = fold_facts(history, KINDS)
        self._person, self._acting, self._today = actor.person_id, seat.acting, present_reader
        day = on or day_in_amsterdam(transaction.now)
        # Emergency access withholds nothing: the person who takes it accounts for it afterwards.
        self._refusal = None if seat.emergency else _refusal(transaction, seat.acting.role, history, facts, day)
        self._asked_consult = not facts.is_referred and history[0].actor_id == actor.person_id

    def require_file(self) -> None:
        """Raises the refusal of the whole file. A person who only asked a consult may read it, for its answer."""
        if self._today:
            self._today.require_file()
        if self._refusal and not self._asked_consult:
            raise self._refusal

    def require_entry(self, entry: Transition) -> None:
        """Raises the refusal of the content of this entry."""
        if self._today:
            self._today.require_entry(entry)
        if not self.may_read(entry):
            raise self._refusal or WrittenByOthers

    def may_read(self, entry: Transition) -> bool:
        """True for a person's own words, and for the answer to their own consult, at any age of the child.

        An unknown age counts as sixteen: the young person then decides what parents read (I22).
        """
        if self._today and not self._today.may_read(entry):
            return False
        if entry.actor_id == self._person:
            return True
        by_own_organisation = entry.organisation_id == self._acting.organisation_id
        if self._acting.role in FAMILY_ROLES:
            to_family = (entry.form or "").partition("@")[0] in FORMS_TO_FAMILY
            return to_family and self._asked_consult if self._refusal else to_family or by_own_organisation
        return not self._refusal or (by_own_organisation and self._acting.role in SHARING_PURPOSES)


def _refusal(
    transaction: Transaction, role: Role, history: Sequence[Transition], facts: CaseFacts, on: date
) -> NotAllowed | None:
    purpose = SHARING_PURPOSES.get(role)
    if purpose and purpose not in facts.consented_purposes:
        return _missing(purpose)
    at_table = facts.consents.get(PURPOSE_TABLE, PurposeConsent())
    if role in TABLE_ROLES and (at_table.withdrawn or at_table.suspended):
        return _missing(PURPOSE_TABLE)
    if role == Role.PARENT and not _shared_with_parents(facts):
        month = birth_month_for_parents(transaction, history)
        if month is None or age_on(month, on) >= CHILD_SOLE_CONSENT_AGE:
            return YoungPersonDecides()
    return None


def _shared_with_parents(facts: CaseFacts) -> bool:
    """True when the child agreed at sixteen or later. Below that age the child could not decide alone (I22)."""
    agreed = facts.consents.get(PURPOSE_PARENTS, PurposeConsent())
    return agreed.in_force and agreed.last_given is not None and agreed.last_given.lowest_age >= CHILD_SOLE_CONSENT_AGE


def _missing(purpose: str) -> ConsentMissing:
    return ConsentMissing(purpose, CODE_LISTS["information_purpose"].codes[purpose])
