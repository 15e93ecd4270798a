"""The register of processing (AVG art. 30): what the log of access names, why, and how it is told in plain words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from service.vocabulary.language import Words
from service.vocabulary.messages import MESSAGES, filled

# What is done with content, and what for: nothing else can be logged. A name, once logged, stays for ever.
Activity = Literal[
    "read_case_file",
    "read_entry",
    "read_advice",
    "read_coming_of_age",
    "read_retention",
    "amend_case",
    "weigh_consent",
    "find_payer",
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
]
# On what it rests. Which ground of the AVG a region chooses is for its own assessment (DPIA); these are what the law
# asks of whoever keeps such a file.
Ground = Literal["advice_and_help", "file_duty", "consent_rules", "right_to_know", "accountability", "learning_law"]


@dataclass(frozen=True, slots=True)
class Processing:
    """One entry of the register. `of_one_case`: a line of the log names the case that it is about."""

    activity: Activity
    ground: Ground
    of_one_case: bool = True

    @property
    def words(self) -> Words:
        return filled("activities", self.activity, who=_WHOEVER, what=in_words(_READS.get(self.activity, "")))

    @property
    def why(self) -> Words:
        return MESSAGES["grounds"][self.ground]


_GROUNDS: Mapping[Activity, Ground] = {
    "read_retention": "file_duty",
    "amend_case": "file_duty",
    "weigh_consent": "consent_rules",
    "read_access_log": "right_to_know",
    "export_subject_access": "right_to_know",
    "oversee_access": "accountability",
    "pull_learning_histories": "learning_law",
}
_READS: Mapping[Activity, str] = {
    "read_case_file": "whole file",
    "read_advice": "advice",
    "read_coming_of_age": "month of birth",
    "read_retention": "month of birth",
    "weigh_consent": "month of birth",
    "find_payer": "referral",
}
_OF_MANY: frozenset[Activity] = frozenset({"oversee_access", "pull_learning_histories"})
_WHOEVER, _SOMETHING = MESSAGES["access"]["whoever"], MESSAGES["access"]["something"]

REGISTER: Mapping[Activity, Processing] = MappingProxyType(
    {
        activity: Processing(activity, _GROUNDS.get(activity, "advice_and_help"), activity not in _OF_MANY)
        for activity in get_args(Activity)
    }
)


def in_words(detail: str) -> Words:
    """What was read, from what the log says of it: "the referral", never "referral@1#3"."""
    if past := re.fullmatch(r"(.+), as known at (\d+)", detail):
        return filled("access", "as_known", what=in_words(past[1]), number=Words.same(past[2]))
    if numbered := re.fullmatch(r"advice version (\d+)", detail):
        return filled("access", "advice_version", number=Words.same(numbered[1]))
    return MESSAGES["documents"].get(re.split("[@#]", detail)[0], _SOMETHING)


def who(name: str | None, role: Words, organisation: str) -> Words:
    """Somebody who reads: by name, or by what they are only."""
    told = "named" if name else "unnamed"
    return filled("access", told, name=Words.same(name or ""), role=role, organisation=Words.same(organisation))


def sentence(by: Words, activity: str, purpose: str, detail: str, *, emergency: bool) -> Words:
    """One line of the log as one sentence: who did what, and why."""
    did = filled("activities", activity, who=by, what=in_words(detail))
    told = filled("access", "sentence", did=did, why=MESSAGES["purposes"][purpose])
    urgent = MESSAGES["access"]["emergency"]
    return Words(f"{told.nl} {urgent.nl}", f"{told.en} {urgent.en}") if emergency else told
