"""Days, months, moments and enumerations written out for a sentence, in Dutch and in English."""

from collections.abc import Iterable
from datetime import date, datetime

from service.vocabulary.calendar import AMSTERDAM
from service.vocabulary.language import BilingualText

_DUTCH: tuple[str, ...] = ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september")
_DUTCH += ("oktober", "november", "december")
_ENGLISH: tuple[str, ...] = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
_ENGLISH += ("October", "November", "December")

AND, OR = BilingualText("en", "and"), BilingualText("of", "or")


def day_in_words(day: date) -> BilingualText:
    """Returns the day written out: 28 november 2026."""
    return BilingualText(
        f"{day.day} {_DUTCH[day.month - 1]} {day.year}",
        f"{day.day} {_ENGLISH[day.month - 1]} {day.year}",
    )


def moment_in_words(moment: datetime) -> BilingualText:
    """Returns an aware moment written out in Europe/Amsterdam: 28 november 2026 om 14.05 uur."""
    local = moment.astimezone(AMSTERDAM)
    day = day_in_words(local.date())
    return BilingualText(f"{day.nl} om {local:%H.%M} uur", f"{day.en} at {local:%H:%M}")


def month_in_words(month: str) -> BilingualText:
    """Returns the month YYYY-MM written out: 2011-03 is maart 2011."""
    year, number = month.split("-")
    return BilingualText(f"{_DUTCH[int(number) - 1]} {year}", f"{_ENGLISH[int(number) - 1]} {year}")


def join_texts(items: Iterable[BilingualText], by: BilingualText = AND) -> BilingualText:
    """Returns an enumeration in both languages: a, b en c."""
    texts = tuple(items)
    return BilingualText(_joined([text.nl for text in texts], by.nl), _joined([text.en for text in texts], by.en))


def _joined(items: list[str], by: str) -> str:
    *first, last = items or [""]
    return f"{', '.join(first)} {by} {last}" if first else last


def label_with_code(words: BilingualText, code: str) -> BilingualText:
    """Returns the label followed by its code in parentheses."""
    return BilingualText(f"{words.nl} ({code})", f"{words.en} ({code})")
