"""`/` is a page for people: in their language, without scripts, with a link to the documentation."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest
from structlog.testing import capture_logs

from api_tests.support.problems import has_our_headers, problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append(tag)
        self.language = self.language or attributes.get("lang") or ""
        if tag == "a":
            self.links.append(attributes["href"] or "")


@broken_by(
    "The address of the service serves a front page",
    "service/http/edge.py",
    'if scope["path"] in (FRONT_PAGE_ROUTE.path, API_PREFIX):',
    "if not FRONT_PAGE_ROUTE.path:",
)
@pytest.mark.parametrize(
    ("accepted", "language", "word"),
    [
        (None, "nl", "jeugdhulp"),
        ("nl", "nl", "jeugdhulp"),
        ("en-GB,nl;q=0.5", "en", "youth-care"),
        ("fr", "nl", "casus"),
    ],
)
def test_the_page_is_in_the_language_of_the_reader_and_has_our_headers(
    service: RunningService, accepted: str | None, language: str, word: str
) -> None:
    answer = httpx.get(f"{service.url}/", headers={"Accept-Language": accepted} if accepted else {})

    page = Page(answer.text)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
    assert page.language == language
    assert word in answer.text
    assert has_our_headers(answer)
    assert {"script", "img", "link", "iframe", "form"}.isdisjoint(page.tags)


def test_every_link_of_the_page_leads_to_an_answer_and_one_to_the_documentation(service: RunningService) -> None:
    links = [urljoin(f"{service.url}/", link) for link in Page(httpx.get(f"{service.url}/").text).links]

    assert [httpx.get(link, timeout=30).status_code for link in links] == [200] * len(links)
    assert f"{service.url}/v1/docs" in links


def test_head_answers_as_get_without_a_body(service: RunningService) -> None:
    head, get = httpx.head(f"{service.url}/"), httpx.get(f"{service.url}/")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@broken_by(
    "The front page accepts only GET and HEAD",
    "service/http/front_page.py",
    '_METHODS = ("GET", "HEAD")',
    '_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")',
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_refused_with_the_methods_that_exist(service: RunningService, method: str) -> None:
    answer = httpx.request(method, f"{service.url}/")

    problem_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"


@broken_by(
    "The log names the front page as a known route",
    "service/http/edge.py",
    '            scope["route"] = FRONT_PAGE_ROUTE\n',
    "",
)
def test_in_the_log_the_page_is_a_path_that_exists(service: RunningService) -> None:
    with capture_logs() as lines:
        httpx.get(f"{service.url}/")
        httpx.get(f"{service.url}/nothing-here")
        httpx.get(f"{service.url}/v1/health")  # the line of a request is written after its answer

    requests = [(line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert requests[:2] == [("/", 200), (None, 404)]
