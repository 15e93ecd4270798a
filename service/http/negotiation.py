"""Content negotiation: the media type and the language of an answer, from the Accept headers."""

from collections.abc import Mapping, Sequence

import mimeparse

from service.vocabulary.language import Language

JSON = "application/json"


def best_media_type(offered: Sequence[str], accept: str) -> str | None:
    """The media type with the highest weight in the Accept header (RFC 9110, 12.5.1), the first of equal ones.

    None when the header accepts none of them.
    """
    try:
        return mimeparse.best_match([*reversed(offered)], accept.lower()) or None
    except mimeparse.MimeTypeParseException:
        return None


def preferred_language(headers: Mapping[bytes, bytes]) -> Language:
    """Returns Dutch, unless Accept-Language gives English a higher weight (RFC 9110, 12.5.4)."""
    weights = {"nl": 0.0, "en": 0.0, "*": 0.0}
    for item in headers.get(b"accept-language", b"").decode("latin-1").lower().split(","):
        tag, _, weight = item.strip().partition(";q=")
        name = tag.split("-")[0]
        if name in weights:
            weights[name] = max(weights[name], _parse_weight(weight))
    return "en" if weights["en"] > max(weights["nl"], weights["*"]) else "nl"


def _parse_weight(weight: str) -> float:
    try:
        return float(weight or "1")
    except ValueError:
        return 0.0
