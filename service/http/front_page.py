"""The page at `/`: it names the service and links to its documentation, without scripts or external resources."""

from html import escape

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from service import __version__
from service.http.problems import problem_of_status
from service.vocabulary.language import Language
from service.vocabulary.messages import MESSAGES

_STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}"
_LINKS = {"documentation": "/v1/docs", "document": "/v1/openapi.json", "ready": "/v1/ready"}
_METHODS = ("GET", "HEAD")


def front_page(method: str, language: Language) -> Response:
    """Returns the page for GET and HEAD, in one language, and 405 for any other method."""
    if method not in _METHODS:
        return problem_of_status(405, language, {"Allow": ", ".join(_METHODS)})
    return HTMLResponse(_PAGES[language], headers={"Content-Language": language, "Vary": "Accept-Language"})


def _page(language: Language) -> str:
    texts = {name: escape(words.in_(language)) for name, words in MESSAGES["front_page"].items()}
    links = "".join(f'<li><a href="{address}">{texts[name]}</a></li>' for name, address in _LINKS.items())
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Casusroute</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>Casusroute {__version__}</h1><p>{texts['purpose']}</p><ul>{links}</ul></body></html>"
    )


_PAGES: dict[Language, str] = {"nl": _page("nl"), "en": _page("en")}
# Gives the page a route in the log and the metrics, unlike a path that does not exist.
FRONT_PAGE_ROUTE = Route("/", front_page)
