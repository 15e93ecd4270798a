"""The register of processing activities (AVG art. 30), and the access log in plain words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from service.vocabulary.language import Words
from service.vocabulary.messages import MESSAGES, filled

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
# Grounds of the law for keeping a file. A region chooses its ground under the AVG in its own assessment (DPIA).
Ground = Literal["advice_and_help", "file_duty", "consent_rules", "right_to_know", "accountability", "learning_law"]


@dataclass(frozen=True, slots=True)
class Processing:
    """One entry of the register. With `of_one_case` its log entries name a case."""

    activity: Activity
    ground: Ground
    of_one_case: bool = True

    @property
    def words(self) -> Words:
        return filled("activities", self.activity, who=_ANY_READER, what=in_words(_DETAILS.get(self.activity, "")))

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
_DETAILS: Mapping[Activity, str] = {
    "read_case_file": "whole file",
    "read_advice": "advice",
    "read_coming_of_age": "month of birth",
    "read_retention": "month of birth",
    "weigh_consent": "month of birth",
    "find_payer": "referral",
}
_OF_MANY_CASES: frozenset[Activity] = frozenset({"oversee_access", "pull_learning_histories"})
_ANY_READER, _UNNAMED_DETAIL = MESSAGES["access"]["whoever"], MESSAGES["access"]["something"]

REGISTER: Mapping[Activity, Processing] = MappingProxyType(
    {
        activity: Processing(activity, _GROUNDS.get(activity, "advice_and_help"), activity not in _OF_MANY_CASES)
        for activity in get_args(Activity)
    }
)


def in_words(detail: str) -> Words:
    """The object detail of a log entry in plain words: "the referral", never "referral@1#3"."""
    if past_view := re.fullmatch(r"(.+), as known at (\d+)", detail):
        return filled("access", "as_known", what=in_words(past_view[1]), number=Words.same(past_view[2]))
    if version := re.fullmatch(r"advice version (\d+)", detail):
        return filled("access", "advice_version", number=Words.same(version[1]))
    return MESSAGES["documents"].get(re.split("[@#]", detail)[0], _UNNAMED_DETAIL)


def who(name: str | None, role: Words, organisation: str) -> Words:
    """The reader in words: name, role and organisation, or without a name only role and organisation."""
    code = "named" if name else "unnamed"
    return filled("access", code, name=Words.same(name or ""), role=role, organisation=Words.same(organisation))


def sentence(reader: Words, activity: str, purpose: str, detail: str, *, emergency: bool) -> Words:
    """A log entry as one sentence: reader, activity and purpose."""
    did = filled("activities", activity, who=reader, what=in_words(detail))
    text = filled("access", "sentence", did=did, why=MESSAGES["purposes"][purpose])
    urgent = MESSAGES["access"]["emergency"]
    return Words(f"{text.nl} {urgent.nl}", f"{text.en} {urgent.en}") if emergency else text
