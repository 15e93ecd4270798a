"""The facts that each entry of a history must have, recomputed from its definition and the entries before it.

An entry can have right digests and still tell of a step that the service would never record. Guards and the answers of
forms are not recomputed: they rest on content, which verification does not read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel

from service.cases.rules.acting_memberships import may_act
from service.cases.rules.amendments import AMENDED_ENTRY, AMENDED_PART, amended_place, place_of
from service.cases.rules.forms.base import Form
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.kinds import Kinds
from service.cases.rules.model import Case, Part, Transition
from service.cases.rules.steps import CLOCK_TOLERANCE, party_to_act
from service.integrity.rules.register import Register
from service.vocabulary.actor import Membership
from service.vocabulary.ages import AGE_BANDS
from service.vocabulary.calendar import Term, day_in_amsterdam, months_after
from service.vocabulary.code_lists import CODE_LISTS, CodedValue
from service.vocabulary.coded_facts import is_coded_fact
from service.workflows.rules.definition import ADOPT_TRIGGER, State, Trigger

# The days that weekends and holidays can add to a term. Exact days would depend on the version of the holiday calendar.
_DAYS_OF_REST = 14
_LONGEST_TERM = timedelta(days=3660 + _DAYS_OF_REST)


@dataclass(frozen=True, slots=True)
class _Step:
    """An entry, with the entry before it in its part, and its trigger and state in its definition."""

    entry: Transition
    before: Transition | None
    trigger: Trigger
    state: State
    form: type[Form] | None

    @property
    def keeps_state(self) -> bool:
        return self.entry.source == self.entry.target

    @property
    def is_opened(self) -> bool:
        """True for the first entry of a part that a step of another part opened."""
        return self.entry.cause is not None

    def form_sets(self, method: str) -> bool:
        """True if the form may decide on the value that this method of forms returns."""
        return self.form is not None and getattr(self.form, method) is not getattr(Form, method)


class RecordedSteps:
    """Compares the entries of one case with their definitions, in order of sequence."""

    def __init__(self, case: Case, kinds: Kinds, register: Register, until: datetime | None) -> None:
        """`until`: the moment of verification, UTC, after which nothing can have been recorded; None if unknown."""
        self._case, self._kinds, self._register = case, kinds, register
        self._latest = until and until + CLOCK_TOLERANCE
        self._steps: list[_Step] = []
        self._first_of_part: dict[UUID, Transition] = {}
        self._last_of_part: dict[UUID, Transition] = {}
        self._liaisons: set[UUID | None] = set()

    def faults_of(self, entry: Transition, content_form: str | None, *, has_content: bool) -> Iterator[str]:
        """Yields the codes of the faults of this entry. `content_form` is the form that its content names.

        An entry whose definition does not have its trigger or its state is left to the check of edges.
        """
        definition = self._register.definitions.get(entry.workflow)
        if definition is None:
            return
        trigger, state = definition.triggers.get(entry.trigger), definition.states.get(entry.target)
        if trigger is None or state is None:
            return
        if definition.name != entry.part_kind or entry.part_kind not in self._kinds:
            yield "other_workflow"
            return
        form = self._kinds.forms.get(entry.form or "")
        step = _Step(entry, self._last_of_part.get(entry.part_id), trigger, state, form)
        self._first_of_part.setdefault(entry.part_id, entry)
        checks = {
            "phase": entry.phase == state.phase,
            "role": entry.role in trigger.roles,
            "form": entry.form == (None if step.is_opened else trigger.form),
            "content_missing": self._has_its_content(step, content_form, has_content=has_content),
            "cause": self._is_opened_by_its_cause(step),
            "party": self._party_is_of_the_state(step),
            "assignee": self._assignee_is_of_the_step(step),
            "due_day": self._due_day_is_of_the_state(step),
            "region": self._region_is_of_the_case(entry),
            "person": {entry.actor_id, entry.assignee_id} - {None} <= self._register.people,
            "organisation": self._organisations_are_known(entry),
            "membership": (entry.actor_id, entry.role, entry.organisation_id) in self._register.memberships,
            "acting_organisation": self._may_act(step),
            "moments": self._moments_are_in_order(step),
            "codes": self._codes_are_of_the_form(step),
        }
        yield from (code for code, holds in checks.items() if not holds)
        self._steps.append(step)
        self._last_of_part[entry.part_id] = entry
        if entry.part_kind == "escalation":
            self._liaisons.add(entry.addressee_id)

    @property
    def _first(self) -> _Step | None:
        return self._steps[0] if self._steps else None

    def _has_its_content(self, step: _Step, content_form: str | None, *, has_content: bool) -> bool:
        needs_content = step.entry.form is not None or (step.trigger.grounds == "required" and not step.is_opened)
        return has_content >= needs_content and content_form == step.entry.form

    def _is_opened_by_its_cause(self, step: _Step) -> bool:
        """True for a part that an entry of the same act opened, and for one that begins by itself."""
        entry = step.entry
        opens_itself = entry.part_sequence > 1 or self._kinds[entry.part_kind].begins != "opened"
        if entry.cause is None or opens_itself:
            return (entry.cause is None) == opens_itself
        if not 0 < entry.cause <= len(self._steps):
            return False
        opener = self._steps[entry.cause - 1]
        return entry.part_kind in opener.trigger.opens and _act(opener.entry) == _act(entry)

    def _part(self, entry: Transition) -> Part:
        """The part of the entry as it was before it, as far as the rules of acting and of the party need it."""
        return Part(
            id=entry.part_id,
            case_id=entry.case_id,
            kind=entry.part_kind,
            workflow=entry.workflow,
            state=entry.source,
            phase=entry.phase,
            sequence=entry.part_sequence - 1,
            occurred_at=entry.occurred_at,
            line=entry.line,
            addressee_id=entry.addressee_id,
        )

    def _may_act(self, step: _Step) -> bool:
        """True if the role at this organisation may act in the part. The first entry makes its own submitter."""
        entry = step.entry
        if entry.sequence == 1 or entry.trigger == ADOPT_TRIGGER.name:
            return True
        first = self._first_of_part[entry.part_id]
        if entry.part_kind == "emergency_access" and first.actor_id == entry.actor_id:
            return (entry.role, entry.organisation_id) == (first.role, first.organisation_id)
        region = self._case.region
        covers = (entry.organisation_id, region) in self._register.regions
        seat = Membership(entry.role, entry.organisation_id, frozenset({region} if covers else ()))
        was_passed = step.before is not None and step.before.assignee_id == entry.actor_id
        if was_passed and entry.role == self._kinds[entry.part_kind].judged_by:
            return True
        return may_act(seat, self._case, self._part(entry), self._kinds, self._liaisons)

    def _party_is_of_the_state(self, step: _Step) -> bool:
        entry = step.entry
        submitted_as = self._first.entry.role if self._first else entry.role
        expected = party_to_act(step.state, self._case, self._part(entry), submitted_as)
        return (entry.party, entry.party_id) == expected

    def _assignee_is_of_the_step(self, step: _Step) -> bool:
        """True if the form may name the assignee, or if there is none, or the one of before in a state that is kept."""
        assignee = step.entry.assignee_id
        if assignee is None:
            may_lose = not step.keeps_state or step.entry.party is None or step.trigger.name == ADOPT_TRIGGER.name
            return may_lose or step.form_sets("next_assignee") or step.before is None or step.before.assignee_id is None
        stays = step.keeps_state and step.before is not None and step.before.assignee_id == assignee
        return step.entry.party is not None and (stays or step.form_sets("next_assignee"))

    def _due_day_is_of_the_state(self, step: _Step) -> bool:
        """True if a due day is there exactly when the state has a term, and fits it.

        A form may set another day, and so may the step that opened the part. A step that keeps the state keeps the day.
        """
        due_on, term = step.entry.due_on, step.state.term
        if step.is_opened and due_on is not None:
            return True
        if term is None:
            return due_on is None
        previous = step.before.due_on if step.before else None
        keeps_day = step.keeps_state and step.trigger.name != step.state.next
        if step.form_sets("next_due_day") or step.form_sets("due_day") or self._amends_a_due_day(step.entry):
            return due_on is not None or (keeps_day and previous is None)
        return due_on == previous if keeps_day else self._is_within_term(due_on, step)

    def _amends_a_due_day(self, entry: Transition) -> bool:
        """True for an amendment of a form that sets the due day anew."""
        amended = amended_place(entry)
        forms = (step.form for step in self._steps if place_of(step.entry) == amended)
        return any(form is not None and form.sets_due_day_when_amended for form in forms)

    def _is_within_term(self, due_on: date | None, step: _Step) -> bool:
        """True for a day on which the term of the new state may end.

        With a form, only the longest of all terms counts: in 0.1.0 a form of today without a day could set one.
        """
        if due_on is None:
            return False
        start, settings = day_in_amsterdam(step.entry.occurred_at), self._register.settings.get(step.entry.settings)
        term = settings.terms.get(step.state.term or "") if settings and step.form is None else None
        return _may_end(term, start, due_on) if term else due_on <= start + _LONGEST_TERM

    def _region_is_of_the_case(self, entry: Transition) -> bool:
        """True for the region of the first entry, which the team covers or covered."""
        if self._first is None:
            return (self._case.team_id, entry.region) in self._register.regions
        return entry.region == self._first.entry.region

    def _organisations_are_known(self, entry: Transition) -> bool:
        named = {entry.organisation_id, entry.party_id, entry.addressee_id} - {None}
        return named <= self._register.organisations

    def _moments_are_in_order(self, step: _Step) -> bool:
        entry, last = step.entry, self._steps[-1].entry if self._steps else None
        return (
            entry.occurred_at <= entry.recorded_at + CLOCK_TOLERANCE
            and (step.before is None or step.before.occurred_at <= entry.occurred_at)
            and (last is None or last.recorded_at <= entry.recorded_at)
            and (self._latest is None or entry.recorded_at <= self._latest)
        )

    def _amends_an_earlier_entry(self, entry: Transition) -> bool:
        if not all(
            len(entry.codes[name]) == 1 and is_coded_fact(name, entry.codes[name][0])
            for name in (AMENDED_ENTRY, AMENDED_PART)
            if name in entry.codes
        ):
            return False
        part_id, part_sequence = amended_place(entry) or (entry.part_id, 0)
        last = entry if part_id == entry.part_id else self._last_of_part.get(part_id)
        return last is not None and part_sequence < last.part_sequence + (last is not entry)

    def _codes_are_of_the_form(self, step: _Step) -> bool:
        """True if every code is on a list of the form, or is a known fact. An amendment has those of another form."""
        entry, is_amendment = step.entry, step.form is not None and issubclass(step.form, Amendment)
        if entry.age_band not in (None, *AGE_BANDS):
            return False
        if is_amendment != (AMENDED_ENTRY in entry.codes) or not (step.form or step.is_opened or not entry.codes):
            return False
        if is_amendment and not self._amends_an_earlier_entry(entry):
            return False
        lists = _code_lists_of(step.form) if step.form and not is_amendment else None
        return all(
            (lists is None or name not in CODE_LISTS or name in lists)
            and all(is_coded_fact(name, code) for code in codes)
            for name, codes in entry.codes.items()
        )


def _act(entry: Transition) -> tuple[object, ...]:
    """The facts that an entry shares with the entries of the parts that its step opened."""
    return entry.trigger, entry.actor_id, entry.occurred_at, entry.recorded_at


def _may_end(term: Term, start: date, due_on: date) -> bool:
    """True if a term from this day may end on that day."""
    working_days = term.working_days or 0
    start = months_after(start, term.months or 0)
    shortest = timedelta(days=(term.days or 0) + working_days)
    longest = timedelta(days=(term.days or 0) + 2 * working_days + _DAYS_OF_REST)
    return start + shortest <= due_on <= start + longest


@cache
def _code_lists_of(model: type[BaseModel]) -> frozenset[str]:
    """Returns the names of the code lists of which a form holds values, at any depth."""
    return frozenset(name for field in model.model_fields.values() for name in _lists_in(field.annotation))


def _lists_in(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, CodedValue):
        yield annotation.code_list.name
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _code_lists_of(annotation)
    for part in get_args(annotation):
        yield from _lists_in(part)
