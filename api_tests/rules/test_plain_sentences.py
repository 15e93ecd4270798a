"""The words of the product are plain: short sentences, no words of offices in Dutch, no riddles in English."""

import re
from collections.abc import Iterator

from api_tests.support.sabotages import broken_by
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.field_labels import FIELD_LABELS
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES

MOST_WORDS = 20  # in one sentence, for readers of level B1
# Words of offices and courts, and words for which the product has another word.
NO_PLAIN_DUTCH = re.compile(
    r"\b(dien(t|en) te|middels|door middel van|betreffende|desbetreffend\w*|teneinde|alsmede|alsook|conform|inzake|"
    r"omtrent|aangaande|derhalve|tevens|indien|reeds|hiertoe|daartoe|zulks|voornoemde?|alvorens|geschiedt|voorts|"
    r"ten minste|ten hoogste|hooguit|gegevensbank|bewaarplicht|jeugdigen?)\b",
    re.IGNORECASE,
)
# Words of statutes, and words with which a sentence becomes a riddle.
NO_PLAIN_ENGLISH = re.compile(
    r"\b(whoever|whomever|whosoever|whom|beside|shall|upon|hereby|thereof|herein|pursuant|aforesaid|anew|"
    r"to be had|well-being)\b",
    re.IGNORECASE,
)
# Lists of others keep the words of their owner (Jeugdwet, iJw).
OFFICIAL = {"relation", "product_category.34"}


def all_words() -> Iterator[tuple[str, BilingualText]]:
    """The sentences, the labels of fields and of code lists, each with its place."""
    for section, messages in MESSAGES.items():
        yield from ((f"{section}.{code}", words) for code, words in messages.items())
    yield from FIELD_LABELS.items()
    for code_list in CODE_LISTS.values():
        yield code_list.name, code_list.label
        yield from ((f"{code_list.name}.{code}", words) for code, words in code_list.codes.items())


@broken_by(
    "No sentence has more than 20 words",
    "service/vocabulary/messages.toml",
    "Schaal op ({step:ask_network}",
    "Schaal op, want dit kind wacht al veel te lang en er is in deze regio niemand meer die nog iets kan doen "
    "({step:ask_network}",
)
def test_no_sentence_has_more_than_twenty_words() -> None:
    """Level B1. The label of a step, in brackets after the sentence, does not count."""
    for place, words in all_words():
        for language in ("nl", "en"):
            text = re.sub(r"\{step:[a-z_.]+\}", "", words.in_(language))
            for sentence in re.split(r"(?<=[.?!])\s+", text):
                assert len(re.findall(r"\S*\w\S*", sentence)) <= MOST_WORDS, (place, language, sentence)


@broken_by(
    "A Dutch sentence uses no official jargon",
    "service/vocabulary/messages.toml",
    "Noem de wettelijke grondslag.",
    "U dient te vermelden wat de wettelijke grondslag is.",
)
@broken_by(
    "An English sentence uses plain words",
    "service/vocabulary/messages.toml",
    "Only the person who asked for the reconsideration can withdraw it.",
    "Whoever asked the reconsideration withdraws it.",
)
def test_no_sentence_has_a_word_of_an_office_or_of_a_riddle() -> None:
    for place, words in all_words():
        if place not in OFFICIAL:
            assert NO_PLAIN_DUTCH.findall(words.nl) == [], (place, words.nl)
            assert NO_PLAIN_ENGLISH.findall(words.en) == [], (place, words.en)
