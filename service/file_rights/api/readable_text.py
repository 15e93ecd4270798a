"""The subject access of a family as readable chapters, in Dutch and English."""

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

# The lines of each chapter by title, in reading order.
Readable = Mapping[Words, Sequence[Words]]
_TEXTS = MESSAGES["bundle"]


def readable(transaction: Transaction, rules: Rulebook, bundle: Bundle, views: Sequence[LineView]) -> Readable:
    """The chapters of a bundle without the empty ones. `views` are the entries of its access log."""
    recipients = _steps_by_recipient(bundle)
    ids = {id_ for entry in bundle.history for id_ in (entry.actor_id, entry.organisation_id)}
    writer = _Writer(rules, bundle, People(transaction).names(ids | set(recipients)))
    chapters = {
        _title(bundle): (filled("bundle", "right", day=day_in_words(day_in_amsterdam(transaction.now))),),
        _TEXTS["parts"]: writer.parts(),
        _TEXTS["steps"]: [writer.step(entry) for entry in bundle.history],
        _TEXTS["documents"]: [line for content in bundle.written for line in _document(content)],
        _TEXTS["consents"]: [_consent(purpose, consent) for purpose, consent in bundle.agreed.items()],
        _TEXTS["access"]: [_read(view) for view in views],
        _TEXTS["told_to"]: [writer.recipient(id_, steps) for id_, steps in recipients.items()],
        _TEXTS["retention"]: (writer.keep_until(),),
        _TEXTS["categories"]: [
            filled("bundle", "category", what=category.words, why=category.why) for category in bundle.categories
        ],
        _TEXTS["left_out"]: tuple(_omissions(bundle)),
    }
    return {title: tuple(lines) for title, lines in chapters.items() if lines}


def as_text(chapters: Readable, language: Language) -> str:
    """The chapters as plain text in one language."""
    texts = []
    for title, lines in chapters.items():
        heading = title.in_(language)
        texts.append("\n".join((heading, "=" * len(heading), *(line.in_(language) for line in lines))))
    return "\n\n".join(texts) + "\n"


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the lines that name states, steps and people."""

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
                what=self.rules.pinned(part.workflow).definition.label,
                state=self.rules.pinned(part.workflow).definition.states[part.state].label,
                party=ROLE_LABELS[part.party],
                day=day_in_words(part.due_on),
            )
            for part in self.bundle.parts
            if part.party and part.due_on
        ]

    def recipient(self, organisation_id: UUID, steps: Sequence[int]) -> Words:
        name = Words.same(self.names.get(organisation_id, "?"))
        return filled("bundle", "telling", organisation=name, steps=joined(Words.same(str(step)) for step in steps))

    def keep_until(self) -> Words:
        retention, settings = self.bundle.kept.retention, self.bundle.kept.settings
        years = {"years": settings.retention_years, "after_majority": settings.retention_years_after_majority}
        ground = say("retention", retention.retention_class, years)
        return filled("bundle", "keep_until", day=day_in_words(retention.keep_until), ground=ground)


def _title(bundle: Bundle) -> Words:
    return filled("bundle", "title", number=Words.same(bundle.case.number))


def _steps_by_recipient(bundle: Bundle) -> dict[UUID, list[int]]:
    """Returns the sequences of the steps in its feed per organisation id."""
    steps_by_id: dict[UUID, list[int]] = defaultdict(list)
    for row in bundle.records.get("feed", ()):
        steps_by_id[UUID(row["organisation_id"])].append(row["sequence"])
    return {id_: sorted(steps) for id_, steps in steps_by_id.items()}


def _document(content: Written) -> Iterator[Words]:
    number = Words.same(str(content.entry.sequence))
    yield filled("bundle", "document", number=number, what=in_words(content.entry.form or "grounds"))
    if content.withheld:
        yield _TEXTS["withheld"]
    for answer in content.answers:
        yield _item(answer.label, answer.words)
    if content.grounds:
        yield _item(_TEXTS["grounds"], Words.same(content.grounds))
    changed = [answer for answer in content.reads_now if answer not in content.answers]
    if changed:
        yield _TEXTS["reads_now"]
    for answer in changed:
        yield _item(answer.label, answer.words)


def _item(label: Words, text: Words) -> Words:
    return Words(f"- {label.nl}: {text.nl}", f"- {label.en}: {text.en}")


def _consent(purpose_code: str, consent: Agreed) -> Words:
    purpose = CODE_LISTS["information_purpose"].codes[purpose_code]
    if not consent.in_force:
        return filled("bundle", "consent_not_given", purpose=purpose)
    givers = [CODE_LISTS["person_role"].codes[giver] for giver in sorted(consent.givers)]
    givers += [CODE_LISTS["consent_kind"].codes[GROUND]] if consent.grounded else []
    return filled("bundle", "consent_given", purpose=purpose, givers=joined(givers) if givers else Words.same("-"))


def _omissions(bundle: Bundle) -> Iterator[Words]:
    yield _TEXTS["no_drafts"]
    yield _TEXTS["no_technique"]
    if bundle.for_family:
        yield _TEXTS["others_names"]


def _read(view: LineView) -> Words:
    day = day_in_words(day_in_amsterdam(view.at))
    return Words(f"{day.nl}: {view.sentence.nl}", f"{day.en}: {view.sentence.en}")
