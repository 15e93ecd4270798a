"""Days, months, moments and lists as they stand in a sentence, in Dutch and in English."""

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
    """28 november 2026."""
    return Words(
        f"{day.day} {_DUTCH[day.month - 1]} {day.year}",
        f"{day.day} {_ENGLISH[day.month - 1]} {day.year}",
    )


def moment_in_words(moment: datetime) -> Words:
    """28 november 2026 om 14.05 uur, in Europe/Amsterdam. `moment` is aware."""
    here = moment.astimezone(AMSTERDAM)
    day = day_in_words(here.date())
    return Words(f"{day.nl} om {here:%H.%M} uur", f"{day.en} at {here:%H:%M}")


def month_in_words(month: str) -> Words:
    """A month written as 2011-03 is maart 2011."""
    year, number = month.split("-")
    return Words(f"{_DUTCH[int(number) - 1]} {year}", f"{_ENGLISH[int(number) - 1]} {year}")


def joined(items: Iterable[Words], by: Words = AND) -> Words:
    """a, b en c."""
    all_of = tuple(items)
    return Words(_joined([it.nl for it in all_of], by.nl), _joined([it.en for it in all_of], by.en))


def _joined(items: list[str], by: str) -> str:
    *most, last = items or [""]
    return f"{', '.join(most)} {by} {last}" if most else last


def with_code(words: Words, code: str) -> Words:
    """What people call it, with the code that programs send."""
    return Words(f"{words.nl} ({code})", f"{words.en} ({code})")
