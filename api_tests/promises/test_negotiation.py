"""The media type of an answer: the one that the caller weighs most (RFC 9110, 12.5.1), of equals the first offered."""

import pytest

from api_tests.support.people import People
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from service.http.negotiation import best_media_type

JSON, CSV = "application/json", "text/csv"
EXPECTED = {
    "*/*": JSON,
    "*": JSON,
    "text/csv, application/json;q=0.5": CSV,
    "text/csv;q=0.2, application/json;q=0.5": JSON,
    "text/csv;q=0.2, */*;q=0.1": CSV,
    "text/*": CSV,
    "TEXT/CSV": CSV,
    "text/csv, */*": CSV,
    "application/json;q=0, */*": CSV,
    "text/csv;q=0": None,
    "application/xml": None,
    "": None,
    "no media type": None,
}


@broken_by(
    "Among media types of equal weight, the service chooses the first that it offers",
    "service/http/negotiation.py",
    "[*reversed(offered)]",
    "[*offered]",
    case="*/*",
)
@broken_by(
    "A media type means the same in capitals",
    "service/http/negotiation.py",
    "accept.lower()",
    "accept",
    case="TEXT/CSV",
)
@pytest.mark.parametrize("accept", EXPECTED)
def test_the_form_that_the_caller_weighs_most_is_chosen(accept: str) -> None:
    assert best_media_type((JSON, CSV), accept) == EXPECTED[accept]


@pytest.mark.server
@broken_by(
    "An answer has the media type that the caller weighs most",
    "service/http/strict_route.py",
    "request.media_type = media_type",
    "request.media_type = JSON",
)
def test_histories_come_in_the_media_type_that_the_caller_weighs_most(people: People) -> None:
    def media_type_for(accept: str) -> str:
        answer = people.noor.get("/learning/histories", headers={"Accept": accept})
        return str(answer.headers["content-type"]).split(";")[0]

    assert media_type_for("text/csv, application/json;q=0.5") == CSV
    assert media_type_for("text/csv;q=0.3, application/json;q=0.5") == JSON
    refusal = problem_of(people.noor.get("/learning/histories", headers={"Accept": "text/html"}), 406, "not_acceptable")
    assert refusal["mediaTypes"] == [JSON, CSV]
    assert "application/json, text/csv" in refusal["detail"]
