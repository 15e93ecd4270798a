"""The register of processing activities (AVG art. 30), and the access log in plain words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES, compose_message

# Activities and purposes that the access log may name. The log is append-only, so a code stays for ever.
Activity = Literal[
    "read_case_file",
    "read_entry",
    "read_advice",
    "read_coming_of_age",
    "read_retention",
    "amend_case",
    "weigh_consent",
    "find_payer",
    "count_term",
    "read_access_log",
    "export_subject_access",
    "oversee_access",
    "pull_learning_histories",
]
Purpose = Literal[
    "directing_help_locally",
    "reading_about_ones_own_child",
    "reading_about_oneself",
    "work_of_the_expert_team",
    "review_at_the_table",
    "answering_for_an_advice_line",
    "escalation",
    "answering_beyond_the_region",
    "learning",
    "oversight_of_the_file",
    "emergency",
    "keeping_the_case_correct",
    "consent_of_those_who_decide",
    "finding_who_pays",
    "keeping_the_terms_of_the_law",
]
# Grounds of the law for keeping a file. A region chooses its ground under the AVG in its own assessment (DPIA).
ProcessingGround = Literal[
    "advice_and_help", "file_duty", "consent_rules", "right_to_know", "accountability", "learning_law"
]


@dataclass(frozen=True, slots=True)
class ProcessingActivity:
    """One entry of the register. With `of_one_case` its log entries name a case."""

    activity: Activity
    ground: ProcessingGround
    of_one_case: bool = True

    @property
    def label(self) -> BilingualText:
        return compose_message(
            "activities", self.activity, who=_ANY_READER, what=detail_in_words(_DETAILS.get(self.activity, ""))
        )

    @property
    def ground_text(self) -> BilingualText:
        return MESSAGES["grounds"][self.ground]


_GROUNDS: Mapping[Activity, ProcessingGround] = {
    "read_retention": "file_duty",
    "amend_case": "file_duty",
    "weigh_consent": "consent_rules",
    "count_term": "right_to_know",
    "read_access_log": "right_to_know",
    "export_subject_access": "right_to_know",
    "oversee_access": "accountability",
    "pull_learning_histories": "learning_law",
}
_DETAILS: Mapping[Activity, str] = {
    "read_case_file": "whole file",
    "read_advice": "advice",
    "read_coming_of_age": "month of birth",
    "read_retention": "month of birth",
    "weigh_consent": "month of birth",
    "find_payer": "referral",
    "count_term": "file_request",
}
_OF_MANY_CASES: frozenset[Activity] = frozenset({"oversee_access", "pull_learning_histories"})
_ANY_READER, _UNNAMED_DETAIL = MESSAGES["access"]["whoever"], MESSAGES["access"]["something"]

REGISTER: Mapping[Activity, ProcessingActivity] = MappingProxyType(
    {
        activity: ProcessingActivity(
            activity, _GROUNDS.get(activity, "advice_and_help"), activity not in _OF_MANY_CASES
        )
        for activity in get_args(Activity)
    }
)


def detail_in_words(detail: str) -> BilingualText:
    """The object detail of a log entry in plain words: "the referral", never "referral@1#3"."""
    if past_view := re.fullmatch(r"(.+), as known at (\d+)", detail):
        return compose_message(
            "access", "as_known", what=detail_in_words(past_view[1]), number=BilingualText.untranslated(past_view[2])
        )
    if version := re.fullmatch(r"advice version (\d+)", detail):
        return compose_message("access", "advice_version", number=BilingualText.untranslated(version[1]))
    return MESSAGES["documents"].get(re.split("[@#]", detail)[0], _UNNAMED_DETAIL)


def reader_in_words(name: str | None, role: BilingualText, organisation: str) -> BilingualText:
    """The reader in words: name, role and organisation, or without a name only role and organisation."""
    code = "named" if name else "unnamed"
    return compose_message(
        "access",
        code,
        name=BilingualText.untranslated(name or ""),
        role=role,
        organisation=BilingualText.untranslated(organisation),
    )


def entry_in_words(
    reader: BilingualText, activity: str, purpose: str, detail: str, *, emergency: bool
) -> BilingualText:
    """A log entry as one sentence: reader, activity and purpose."""
    did = compose_message("activities", activity, who=reader, what=detail_in_words(detail))
    text = compose_message("access", "sentence", did=did, why=MESSAGES["purposes"][purpose])
    urgent = MESSAGES["access"]["emergency"]
    return BilingualText(f"{text.nl} {urgent.nl}", f"{text.en} {urgent.en}") if emergency else text
