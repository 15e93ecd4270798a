"""Named conditions on a trigger: pure, over facts that know no payment (I2); every guard of a trigger is evaluated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from service.cases.rules.facts import CaseFacts
from service.vocabulary.language import Words
from service.vocabulary.messages import MESSAGES
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.region_settings import RegionSettings


@dataclass(frozen=True, slots=True)
class Attempt:
    """All that a guard may look at. `organisations`: those for which the actor may act.

    `part_id` is the part that is asked to move, `liaison_id` who is appointed today for the region of the case.
    """

    facts: CaseFacts
    settings: RegionSettings
    actor_id: UUID
    organisations: frozenset[UUID] = frozenset()
    part_id: UUID | None = None
    liaison_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition and the sentence that says what is missing. `kinds`: the parts whose triggers may use it.

    `awaits`: it holds once parts of that kind have ended, which nothing keeps them from: nobody gets stuck behind it.
    """

    name: str
    kinds: frozenset[PartKind]
    holds: Callable[[Attempt], bool]
    awaits: PartKind | None = None

    @property
    def words(self) -> Words:
        return MESSAGES["guards"][self.name]


def _information_rounds_left(attempt: Attempt) -> bool:
    return attempt.facts.information_rounds < attempt.settings.information_rounds


def _referred(attempt: Attempt) -> bool:
    return attempt.facts.referred


def _not_referred_yet(attempt: Attempt) -> bool:
    return not attempt.facts.referred


def _decline_proposed_by_another(attempt: Attempt) -> bool:
    return attempt.facts.decline_proposed_by not in (None, attempt.actor_id)


def _transfer_proposed_by_another(attempt: Attempt) -> bool:
    return attempt.facts.transfer_proposed_by not in (None, attempt.actor_id)


def _child_and_parents_heard(attempt: Attempt) -> bool:
    return {"child", "parent"} <= attempt.facts.heard


def _help_runs(attempt: Attempt) -> bool:
    return bool(attempt.facts.parts_in("commitment", "running") or attempt.facts.parts_in("placement", "started"))


def _goals_checked(attempt: Attempt) -> bool:
    return attempt.facts.goals_checked


def _no_open_escalation(attempt: Attempt) -> bool:
    return not (attempt.facts.open_parts("escalation") or attempt.facts.open_parts("question"))


def _liaison_appointed(attempt: Attempt) -> bool:
    return attempt.liaison_id is not None


def _no_open_question(attempt: Attempt) -> bool:
    """Whoever was asked answers, or hears that they need not any more, before their question loses its escalation."""
    return not any(it.is_open for it in attempt.facts.questions_of(attempt.part_id))


def _escalation_goes_on(attempt: Attempt) -> bool:
    """The escalation that this question is one of was not concluded yet."""
    own = next((it for it in attempt.facts.parts_of("question") if it.id == attempt.part_id), None)
    return own is not None and own.opened_by in {it.id for it in attempt.facts.parts_in("escalation", "escalated")}


def _no_open_reconsideration(attempt: Attempt) -> bool:
    return not attempt.facts.open_parts("reconsideration")


def _advice_in_force(attempt: Attempt) -> bool:
    return attempt.facts.advice_in_force


def _asked_by_you(attempt: Attempt) -> bool:
    """Nobody takes back what another asked: counter-power would be gone with it (R61)."""
    looked = attempt.facts.reconsidered
    return looked is not None and looked.asked_by in attempt.organisations


def _another_pair_of_eyes(attempt: Attempt) -> bool:
    """Whoever issued the advice does not judge it alone (I15, R61)."""
    looked = attempt.facts.reconsidered
    return looked is not None and (looked.outside_expert or looked.advised_by != attempt.actor_id)


def _advice_revised_since(attempt: Attempt) -> bool:
    looked = attempt.facts.reconsidered
    return looked is not None and looked.revised


def _no_unanswered_request(attempt: Attempt) -> bool:
    facts = attempt.facts
    return not (facts.parts_in("commitment", "requested", "refused") or facts.parts_in("placement", "sought"))


_CASE: frozenset[PartKind] = frozenset({"case"})
_ESCALATION: frozenset[PartKind] = frozenset({"escalation"})
_QUESTION: frozenset[PartKind] = frozenset({"question"})
_RECONSIDERATION: frozenset[PartKind] = frozenset({"reconsideration"})
_ASKING_AGAIN: frozenset[PartKind] = frozenset({"case", "commitment", "funding"})

GUARDS: Mapping[str, Guard] = MappingProxyType(
    {
        guard.name: guard
        for guard in (
            Guard("referred", _CASE, _referred),
            Guard("not_referred_yet", _CASE, _not_referred_yet),
            Guard("information_rounds_left", _CASE, _information_rounds_left),
            Guard("decline_proposed_by_another", _CASE, _decline_proposed_by_another),
            Guard("transfer_proposed_by_another", _CASE, _transfer_proposed_by_another),
            Guard("child_and_parents_heard", _CASE, _child_and_parents_heard),
            Guard("help_runs", _CASE, _help_runs),
            Guard("goals_checked", _CASE, _goals_checked),
            Guard("no_open_escalation", _CASE, _no_open_escalation),
            Guard("liaison_appointed", _CASE, _liaison_appointed),
            Guard("no_open_question", _ESCALATION, _no_open_question, awaits="question"),
            Guard("escalation_goes_on", _QUESTION, _escalation_goes_on),
            Guard("no_open_reconsideration", _ASKING_AGAIN, _no_open_reconsideration),
            Guard("advice_in_force", _ASKING_AGAIN, _advice_in_force),
            Guard("asked_by_you", _RECONSIDERATION, _asked_by_you),
            Guard("another_pair_of_eyes", _RECONSIDERATION, _another_pair_of_eyes),
            Guard("advice_revised_since", _RECONSIDERATION, _advice_revised_since),
            Guard("no_unanswered_request", _CASE, _no_unanswered_request),
        )
    }
)
