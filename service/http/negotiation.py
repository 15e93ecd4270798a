"""Dutch unless somebody asks for English."""

from collections.abc import Mapping

from service.vocabulary.language import Language


def language_of(headers: Mapping[bytes, bytes]) -> Language:
    """The better liked of the two in Accept-Language (RFC 9110, 12.5.4)."""
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
