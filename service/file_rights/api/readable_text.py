"""The subject access of a family as readable chapters, in Dutch and English."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from service.audit.rules import detail_in_words, reader_in_words
from service.cases.rules.consents import LEGAL_GROUND, PurposeConsent
from service.cases.rules.model import Transition
from service.database.transaction import Transaction
from service.file_rights.api.access_log import LineView
from service.file_rights.use_cases.subject_access import EntryContent, SubjectAccessBundle
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.language import BilingualText, Language
from service.vocabulary.messages import MESSAGES, compose_message, render_message
from service.vocabulary.roles import ROLE_LABELS
from service.vocabulary.sentences import day_in_words, join_texts
from service.workflows.rules.rulebook import Rulebook

# The lines of each chapter by title, in reading order.
Chapters = Mapping[BilingualText, Sequence[BilingualText]]
_TEXTS = MESSAGES["bundle"]


def readable_chapters(
    transaction: Transaction, rules: Rulebook, bundle: SubjectAccessBundle, views: Sequence[LineView]
) -> Chapters:
    """The answer to a subject access request, as titled lists of lines. `views` are the lines of the access log."""
    recipients = _steps_by_recipient(bundle)
    ids = {id_ for entry in bundle.history for id_ in (entry.actor_id, entry.organisation_id)}
    writer = _Writer(rules, bundle, People(transaction).names(ids | set(recipients)))
    chapters = {
        _title(bundle): (compose_message("bundle", "right", day=day_in_words(day_in_amsterdam(transaction.now))),),
        _TEXTS["parts"]: writer.parts(),
        _TEXTS["steps"]: [writer.step(entry) for entry in bundle.history],
        _TEXTS["documents"]: [line for content in bundle.contents for line in _document(content)],
        _TEXTS["consents"]: [_consent(purpose, consent) for purpose, consent in bundle.consents.items()],
        _TEXTS["access"]: [_read(view) for view in views],
        _TEXTS["told_to"]: [writer.recipient(id_, steps) for id_, steps in recipients.items()],
        _TEXTS["retention"]: (writer.keep_until(),),
        _TEXTS["categories"]: [
            compose_message("bundle", "category", what=category.label, why=category.ground_text)
            for category in bundle.categories
        ],
        _TEXTS["left_out"]: tuple(_omissions(bundle)),
    }
    return {title: tuple(lines) for title, lines in chapters.items() if lines}


def chapters_to_text(chapters: Chapters, language: Language) -> str:
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
    bundle: SubjectAccessBundle
    names: Mapping[UUID, str]

    def step(self, entry: Transition) -> BilingualText:
        by = reader_in_words(
            self.names.get(entry.actor_id), ROLE_LABELS[entry.role], self.names.get(entry.organisation_id, "?")
        )
        label = self.rules.trigger(entry.workflow, entry.trigger).label
        day = day_in_words(day_in_amsterdam(entry.occurred_at))
        return compose_message(
            "bundle", "step", number=BilingualText.untranslated(str(entry.sequence)), day=day, label=label, who=by
        )

    def parts(self) -> list[BilingualText]:
        return [
            compose_message(
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

    def recipient(self, organisation_id: UUID, steps: Sequence[int]) -> BilingualText:
        name = BilingualText.untranslated(self.names.get(organisation_id, "?"))
        return compose_message(
            "bundle",
            "telling",
            organisation=name,
            steps=join_texts(BilingualText.untranslated(str(step)) for step in steps),
        )

    def keep_until(self) -> BilingualText:
        retention, settings = self.bundle.retention_term.retention, self.bundle.retention_term.settings
        years = {"years": settings.retention_years, "after_majority": settings.retention_years_after_majority}
        ground = render_message("retention", retention.retention_class, years)
        return compose_message("bundle", "keep_until", day=day_in_words(retention.keep_until), ground=ground)


def _title(bundle: SubjectAccessBundle) -> BilingualText:
    return compose_message("bundle", "title", number=BilingualText.untranslated(bundle.case.number))


def _steps_by_recipient(bundle: SubjectAccessBundle) -> dict[UUID, list[int]]:
    """Returns the sequences of the steps in its feed per organisation id."""
    steps_by_id: dict[UUID, list[int]] = defaultdict(list)
    for row in bundle.stored_rows.get("feed", ()):
        steps_by_id[UUID(row["organisation_id"])].append(row["sequence"])
    return {id_: sorted(steps) for id_, steps in steps_by_id.items()}


def _document(content: EntryContent) -> Iterator[BilingualText]:
    number = BilingualText.untranslated(str(content.entry.sequence))
    yield compose_message("bundle", "document", number=number, what=detail_in_words(content.entry.form or "grounds"))
    if content.is_withheld:
        yield _TEXTS["withheld"]
    if content.destroyed_on:
        yield compose_message("bundle", "destroyed", day=day_in_words(content.destroyed_on))
    for answer in content.answers:
        yield _item(answer.label, answer.words)
    if content.grounds:
        yield _item(_TEXTS["grounds"], BilingualText.untranslated(content.grounds))
    changed = [answer for answer in content.reads_now if answer not in content.answers]
    if changed:
        yield _TEXTS["reads_now"]
    for answer in changed:
        yield _item(answer.label, answer.words)


def _item(label: BilingualText, text: BilingualText) -> BilingualText:
    return BilingualText(f"- {label.nl}: {text.nl}", f"- {label.en}: {text.en}")


def _consent(purpose_code: str, consent: PurposeConsent) -> BilingualText:
    purpose = CODE_LISTS["information_purpose"].codes[purpose_code]
    if consent.suspended:
        return compose_message("bundle", "consent_suspended", purpose=purpose)
    if not consent.in_force:
        return compose_message("bundle", "consent_not_given", purpose=purpose)
    givers = [CODE_LISTS["person_role"].codes[giver] for giver in sorted(consent.roles)]
    givers += [CODE_LISTS["consent_kind"].codes[LEGAL_GROUND]] if consent.has_legal_ground else []
    return compose_message(
        "bundle",
        "consent_given",
        purpose=purpose,
        givers=join_texts(givers) if givers else BilingualText.untranslated("-"),
    )


def _omissions(bundle: SubjectAccessBundle) -> Iterator[BilingualText]:
    yield _TEXTS["no_drafts"]
    yield _TEXTS["no_technique"]
    if bundle.for_family:
        yield _TEXTS["others_names"]


def _read(view: LineView) -> BilingualText:
    day = day_in_words(day_in_amsterdam(view.at))
    return BilingualText(f"{day.nl}: {view.sentence.nl}", f"{day.en}: {view.sentence.en}")
