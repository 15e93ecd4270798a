"""What the caller likes best, of the forms and of the languages that there are."""

from collections.abc import Mapping, Sequence

import mimeparse

from service.vocabulary.language import Language

JSON = "application/json"


def best_of(offered: Sequence[str], accept: str) -> str | None:
    """The media type that the Accept header weighs most (RFC 9110, 12.5.1), of equals the first; None: not one."""
    try:
        return mimeparse.best_match([*reversed(offered)], accept.lower()) or None
    except mimeparse.MimeTypeParseException:
        return None


def language_of(headers: Mapping[bytes, bytes]) -> Language:
    """Dutch, unless Accept-Language weighs English more (RFC 9110, 12.5.4)."""
    liked = {"nl": 0.0, "en": 0.0, "*": 0.0}
    for item in headers.get(b"accept-language", b"").decode("latin-1").lower().split(","):
        tag, _, weight = item.strip().partition(";q=")
        name = tag.split("-")[0]
        if name in liked:
            liked[name] = max(liked[name], _number(weight))
    return "en" if liked["en"] > max(liked["nl"], liked["*"]) else "nl"


def _number(weight: str) -> float:
    try:
        return float(weight or "1")
    except ValueError:
        return 0.0
