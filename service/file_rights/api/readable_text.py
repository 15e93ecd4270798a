"""The overview for a family as chapters to read, in Dutch and in English."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from service.audit.rules import in_words, who
from service.cases.rules.consents import GROUND, Agreed
from service.cases.rules.model import Transition
from service.database.transaction import Transaction
from service.file_rights.api.access_log import LineView
from service.file_rights.use_cases.subject_access import Bundle, Written
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.language import Language, Words
from service.vocabulary.messages import MESSAGES, filled, say
from service.vocabulary.roles import ROLE_LABELS
from service.vocabulary.sentences import day_in_words, joined
from service.workflows.rules.rulebook import Rulebook

# Its title, and what it says line by line; in the order in which it is read.
Readable = Mapping[Words, Sequence[Words]]
_SAYS = MESSAGES["bundle"]


def readable(transaction: Transaction, rules: Rulebook, bundle: Bundle, lines: Sequence[LineView]) -> Readable:
    """Every chapter that has something to say."""
    told = _told_to(bundle)
    people = {id_ for it in bundle.history for id_ in (it.actor_id, it.organisation_id)}
    overview = _Overview(rules, bundle, People(transaction).names(people | set(told)))
    chapters = {
        _title(bundle): (filled("bundle", "right", day=day_in_words(day_in_amsterdam(transaction.now))),),
        _SAYS["parts"]: overview.parts(),
        _SAYS["steps"]: [overview.step(it) for it in bundle.history],
        _SAYS["documents"]: [line for it in bundle.written for line in _document(it)],
        _SAYS["consents"]: [_consent(purpose, it) for purpose, it in bundle.agreed.items()],
        _SAYS["access"]: [
            Words(f"{_when(it).nl}: {it.sentence.nl}", f"{_when(it).en}: {it.sentence.en}") for it in lines
        ],
        _SAYS["told_to"]: [overview.telling(id_, steps) for id_, steps in told.items()],
        _SAYS["retention"]: (overview.keep_until(),),
        _SAYS["categories"]: [filled("bundle", "category", what=it.words, why=it.why) for it in bundle.categories],
        _SAYS["left_out"]: tuple(_left_out(bundle)),
    }
    return {title: tuple(some) for title, some in chapters.items() if some}


def as_text(chapters: Readable, language: Language) -> str:
    """As plain text."""
    written = []
    for title, lines in chapters.items():
        heading = title.in_(language)
        written.append("\n".join((heading, "=" * len(heading), *(it.in_(language) for it in lines))))
    return "\n\n".join(written) + "\n"


@dataclass(frozen=True, slots=True)
class _Overview:
    """What the lines need to name states, steps and people."""

    rules: Rulebook
    bundle: Bundle
    names: Mapping[UUID, str]

    def step(self, entry: Transition) -> Words:
        by = who(self.names.get(entry.actor_id), ROLE_LABELS[entry.role], self.names.get(entry.organisation_id, "?"))
        label = self.rules.trigger(entry.workflow, entry.trigger).label
        day = day_in_words(day_in_amsterdam(entry.occurred_at))
        return filled("bundle", "step", number=Words.same(str(entry.sequence)), day=day, label=label, who=by)

    def parts(self) -> list[Words]:
        return [
            filled(
                "bundle",
                "part",
                what=self.rules.pinned(it.workflow).definition.label,
                state=self.rules.pinned(it.workflow).definition.states[it.state].label,
                party=ROLE_LABELS[it.party],
                day=day_in_words(it.due_on),
            )
            for it in self.bundle.parts
            if it.party and it.due_on
        ]

    def telling(self, organisation_id: UUID, steps: Sequence[int]) -> Words:
        named = Words.same(self.names.get(organisation_id, "?"))
        return filled("bundle", "telling", organisation=named, steps=joined(Words.same(str(it)) for it in steps))

    def keep_until(self) -> Words:
        found, settings = self.bundle.kept.retention, self.bundle.kept.settings
        years = {"years": settings.retention_years, "after_majority": settings.retention_years_after_majority}
        ground = say("retention", found.retention_class, years)
        return filled("bundle", "keep_until", day=day_in_words(found.keep_until), ground=ground)


def _title(bundle: Bundle) -> Words:
    return filled("bundle", "title", number=Words.same(bundle.case.number))


def _told_to(bundle: Bundle) -> dict[UUID, list[int]]:
    """Which organisations heard, in their feeds, of which steps."""
    found: dict[UUID, list[int]] = defaultdict(list)
    for row in bundle.records.get("feed", ()):
        found[UUID(row["organisation_id"])].append(row["sequence"])
    return {id_: sorted(steps) for id_, steps in found.items()}


def _document(it: Written) -> Iterator[Words]:
    number = Words.same(str(it.entry.sequence))
    yield filled("bundle", "document", number=number, what=in_words(it.entry.form or "grounds"))
    if it.withheld:
        yield _SAYS["withheld"]
    for told in it.answers:
        yield _item(told.label, told.words)
    if it.grounds:
        yield _item(_SAYS["grounds"], Words.same(it.grounds))
    changed = [told for told in it.reads_now if told not in it.answers]
    if changed:
        yield _SAYS["reads_now"]
    for told in changed:
        yield _item(told.label, told.words)


def _item(label: Words, words: Words) -> Words:
    return Words(f"- {label.nl}: {words.nl}", f"- {label.en}: {words.en}")


def _consent(purpose: str, agreed: Agreed) -> Words:
    asked = CODE_LISTS["information_purpose"].codes[purpose]
    if not agreed.in_force:
        return filled("bundle", "consent_not_given", purpose=asked)
    by = [CODE_LISTS["person_role"].codes[giver] for giver in sorted(agreed.givers)]
    by += [CODE_LISTS["consent_kind"].codes[GROUND]] if agreed.grounded else []
    givers = joined(by) if by else Words.same("-")
    return filled("bundle", "consent_given", purpose=asked, givers=givers)


def _left_out(bundle: Bundle) -> Iterator[Words]:
    yield _SAYS["no_drafts"]
    yield _SAYS["no_technique"]
    if bundle.for_family:
        yield _SAYS["others_names"]


def _when(line: LineView) -> Words:
    return day_in_words(day_in_amsterdam(line.at))
