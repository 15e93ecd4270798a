"""Forms of the review: the table, the participation of the family, and the shared analysis (T8, T9)."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, rule
from service.vocabulary.code_lists import OTHER
from service.vocabulary.coded_answers import (
    AlternativeToRemoval,
    Hearing,
    ItemKind,
    ItemTopic,
    OptionKind,
    PersonRole,
    RelationToCase,
    SystemCause,
    TableRole,
)
from service.vocabulary.fields import (
    AtLeastOne,
    Day,
    Location,
    Nullable,
    Several,
    YesNo,
    check_not_in_future,
    code_params,
)
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText, ShortText
from service.workflows.rules.region_settings import Quorum

EXPERT_ROLES = frozenset({"expert", "behavioural_scientist", "psychiatrist", "doctor", "education_expert"})
PARENT_ROLES = frozenset({"parent", "guardian", "parent_without_authority"})

# Options of living away from home, also for a child that already does.
OPTIONS_AWAY_FROM_HOME = frozenset({"other_family", "small_scale_living", "stay_with_treatment", "closed_stay"})
CLOSED_STAY = "closed_stay"

_OWN_WORDS_REQUIRED = frozenset({"represented", "heard_before"})
_REASON_REQUIRED = frozenset({"declined", "not_possible"})


class _ReviewForm(Form):
    content_class: ClassVar[ContentClass] = "review"


class TableMember(FormPart):
    role: TableRole
    name: ShortText
    organisation: Nullable[ShortText] = None
    relation_to_case: RelationToCase


class Participation(FormPart):
    """The participation of the child or a parent. An absent person speaks in own words, or a reason is given (I16)."""

    who: PersonRole
    how: Hearing
    own_words: Nullable[FreeText] = None
    why_not: Nullable[FreeText] = None

    def faults(self, *location: str | int) -> Iterator[Fault]:
        if self.how.code in _OWN_WORDS_REQUIRED and not self.own_words:
            yield Fault("own_words_missing", (*location, "ownWords"))
        if self.how.code in _REASON_REQUIRED and not self.why_not:
            yield Fault("reason_not_heard_missing", (*location, "whyNot"))


def heard_codes(participation: tuple[Participation, ...]) -> Codes:
    """Returns {"heard": ("child", "parent")}, limited to recorded voices. No advice is issued without both (I16)."""
    roles = {"child" for participant in participation if participant.who.code == "child"}
    roles |= {"parent" for participant in participation if participant.who.code in PARENT_ROLES}
    return {"heard": tuple(sorted(roles))} if roles else {}


class Table(_ReviewForm):
    form_name: ClassVar[str] = "table@1"

    held_on: Day
    members: AtLeastOne[TableMember]
    participation: AtLeastOne[Participation]
    quorum_shortfall_reason: Nullable[FreeText] = None

    @override
    def codes(self) -> Codes:
        return super().codes() | heard_codes(self.participation)

    @rule
    def _was_held(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.held_on, context.day, "heldOn")

    @rule
    def _everybody_is_heard(self, _context: FormContext) -> Iterator[Fault]:
        for index, participant in enumerate(self.participation):
            yield from participant.faults("participation", index)

    @rule
    def _quorum_is_there(self, context: FormContext) -> Iterator[Fault]:
        if not self.quorum_shortfall_reason:
            yield from self._shortfall(context.settings.quorum)

    def _shortfall(self, quorum: Quorum) -> Iterator[Fault]:
        roles = {member.role.code for member in self.members}
        experts = [member for member in self.members if member.role.code in EXPERT_ROLES]
        organisations = {member.organisation.casefold() for member in experts if member.organisation}
        location: Location = ("members",)
        if "chair" not in roles:
            yield Fault("quorum_chair_missing", location)
        if len(experts) < quorum.experts:
            yield Fault("quorum_experts_short", location, {"needed": quorum.experts, "present": len(experts)})
        if len(organisations) < quorum.organisations:
            counts = {"needed": quorum.organisations, "present": len(organisations)}
            yield Fault("quorum_organisations_short", location, counts)
        if quorum.expert_by_experience and "expert_by_experience" not in roles:
            yield Fault("quorum_expert_by_experience_missing", location)


class AnalysisItem(FormPart):
    """One statement of the analysis, with its kind and its source (I14)."""

    kind: ItemKind
    topic: ItemTopic
    text: FreeText
    source: ShortText


class Option(FormPart):
    """A considered option, chosen or not, with the reason. A learning table looks back on options (R94)."""

    kind: OptionKind
    text: FreeText
    chosen: YesNo
    reason: FreeText


class AlternativeAnswered(FormPart):
    alternative: AlternativeToRemoval
    answer: FreeText


class Dissent(FormPart):
    """A dissenting view. Every dissent is recorded (R61)."""

    name: ShortText
    view: FreeText


class BeforeRemoval(FormPart):
    """Answers that are required before a child leaves home or is placed in closed care (I5)."""

    alternatives_to_removal: Several[AlternativeAnswered] = ()
    return_plan: Nullable[FreeText] = None
    behavioural_scientist: Nullable[ShortText] = None
    dissent_asked: YesNo = False

    @abstractmethod
    def requires_all_answers(self, context: FormContext) -> bool:
        """True if this form proposes a removal from home or a closed stay, so that all answers are required."""

    @rule
    def _alternatives_are_answered(self, context: FormContext) -> Iterator[Fault]:
        answered = {answer.alternative.code for answer in self.alternatives_to_removal}
        alternatives = AlternativeToRemoval.code_list
        unanswered = [code for code in alternatives.codes if code not in answered and code != OTHER]
        if unanswered and self.requires_all_answers(context):
            for code in unanswered:
                params = code_params("alternative", alternatives, code)
                yield Fault("alternative_unanswered", ("alternativesToRemoval",), params)

    @rule
    def _way_back_is_planned(self, context: FormContext) -> Iterator[Fault]:
        if not self.return_plan and self.requires_all_answers(context):
            yield Fault("return_plan_missing", ("returnPlan",))

    @rule
    def _behavioural_scientist_is_named(self, context: FormContext) -> Iterator[Fault]:
        if not self.behavioural_scientist and self.requires_all_answers(context):
            yield Fault("behavioural_scientist_missing", ("behaviouralScientist",))

    @rule
    def _dissent_was_asked(self, context: FormContext) -> Iterator[Fault]:
        if not self.dissent_asked and self.requires_all_answers(context):
            yield Fault("dissent_not_asked", ("dissentAsked",))


class Analysis(_ReviewForm, BeforeRemoval):
    form_name: ClassVar[str] = "analysis@1"

    items: AtLeastOne[AnalysisItem]
    system_causes: Several[SystemCause] = ()
    options: AtLeastOne[Option]
    proposes_removal: YesNo
    proposes_closed_stay: YesNo
    dissent: Several[Dissent] = ()

    @property
    def _chosen(self) -> frozenset[str]:
        return frozenset(option.kind.code for option in self.options if option.chosen)

    def _proposes_closed_stay(self) -> bool:
        return self.proposes_closed_stay or CLOSED_STAY in self._chosen

    @override
    def codes(self) -> Codes:
        """Returns the codes by list; `weighed` names the proposals for which this form gives all required answers."""
        proposed = {"removal": self.proposes_removal, CLOSED_STAY: self._proposes_closed_stay()}
        weighed = tuple(sorted(name for name, is_proposed in proposed.items() if is_proposed))
        return super().codes() | ({"weighed": weighed} if weighed else {})

    @rule
    def _there_is_a_choice(self, _context: FormContext) -> Iterator[Fault]:
        if len(self.options) < 2:  # noqa: PLR2004 - a choice needs at least two options (T9)
            yield Fault("second_option_missing", ("options",))
        if not any(option.chosen for option in self.options):
            yield Fault("no_option_chosen", ("options",))

    @override
    def requires_all_answers(self, context: FormContext) -> bool:
        leaves_home = context.facts.at_home and bool(self._chosen & OPTIONS_AWAY_FROM_HOME)
        return self.proposes_removal or self._proposes_closed_stay() or leaves_home


class Comment(_ReviewForm):
    """A comment on the facts of the draft advice."""

    form_name: ClassVar[str] = "comment@1"

    by: PersonRole
    organisation: Nullable[ShortText] = None
    about: Nullable[FreeText] = None
    comment: FreeText
