"""Days, months, moments and enumerations written out for a sentence, in Dutch and in English."""

from collections.abc import Iterable
from datetime import date, datetime

from service.vocabulary.calendar import AMSTERDAM
from service.vocabulary.language import Words

_DUTCH: tuple[str, ...] = ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september")
_DUTCH += ("oktober", "november", "december")
_ENGLISH: tuple[str, ...] = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
_ENGLISH += ("October", "November", "December")

AND, OR = Words("en", "and"), Words("of", "or")


def day_in_words(day: date) -> Words:
    """Returns the day written out: 28 november 2026."""
    return Words(
        f"{day.day} {_DUTCH[day.month - 1]} {day.year}",
        f"{day.day} {_ENGLISH[day.month - 1]} {day.year}",
    )


def moment_in_words(moment: datetime) -> Words:
    """Returns an aware moment written out in Europe/Amsterdam: 28 november 2026 om 14.05 uur."""
    local = moment.astimezone(AMSTERDAM)
    day = day_in_words(local.date())
    return Words(f"{day.nl} om {local:%H.%M} uur", f"{day.en} at {local:%H:%M}")


def month_in_words(month: str) -> Words:
    """Returns the month YYYY-MM written out: 2011-03 is maart 2011."""
    year, number = month.split("-")
    return Words(f"{_DUTCH[int(number) - 1]} {year}", f"{_ENGLISH[int(number) - 1]} {year}")


def joined(items: Iterable[Words], by: Words = AND) -> Words:
    """Returns an enumeration in both languages: a, b en c."""
    texts = tuple(items)
    return Words(_joined([text.nl for text in texts], by.nl), _joined([text.en for text in texts], by.en))


def _joined(items: list[str], by: str) -> str:
    *first, last = items or [""]
    return f"{', '.join(first)} {by} {last}" if first else last


def with_code(words: Words, code: str) -> Words:
    """Returns the label followed by its code in parentheses."""
    return Words(f"{words.nl} ({code})", f"{words.en} ({code})")
