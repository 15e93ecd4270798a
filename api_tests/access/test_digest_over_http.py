"""The digest over HTTP covers the cases of the officer's teams, and only the command covers all."""

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer
from service.vocabulary.roles import Role


@broken_by(
    "The digest over HTTP names no case of another team",
    "service/integrity/store/heads.py",
    "cases.c.team_id.in_(sorted(map(str, team_ids)))",
    "true()",
)
def test_an_officer_gets_the_heads_of_the_own_teams_and_an_administrator_gets_none(
    service: RunningService, people: People
) -> None:
    case = CaseFile.submitted(people)
    with newcomer(service, ("ret-twente", Role.DATA_PROTECTION_OFFICER, SOME_TIME_AGO, None)) as officer_of_twente:
        digests = {
            name: person.get("/digest") for name, person in (("own", people.quint), ("twente", officer_of_twente))
        }

    heads = {name: {head["case"] for head in answer.json()["heads"]} for name, answer in digests.items()}
    assert case.id in heads["own"]
    assert case.id not in heads["twente"]
    assert people.roos.get("/digest").status_code == 403
