"""The roles in which people act, with their labels."""

from collections.abc import Iterable
from enum import StrEnum

from service.vocabulary.language import BilingualText
from service.vocabulary.sentences import OR, join_texts


class Role(StrEnum):
    """A role at an organisation. A membership has one role; a person may have several memberships."""

    LOCAL_TEAM = "local_team"
    PARENT = "parent"
    YOUNG_PERSON = "young_person"
    COORDINATOR = "coordinator"
    SCREENER = "screener"
    CHAIR = "chair"
    EXPERT = "expert"
    EXPERT_BY_EXPERIENCE = "expert_by_experience"
    PROCESS_DIRECTOR = "process_director"
    PROVIDER = "provider"
    MUNICIPALITY = "municipality"
    CCE_LIAISON = "cce_liaison"
    EXPERTISE_NETWORK = "expertise_network"
    NATIONAL_SUPPORT = "national_support"
    FACILITATOR = "facilitator"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    ADMINISTRATOR = "administrator"


ROLE_LABELS: dict[Role, BilingualText] = {
    Role.LOCAL_TEAM: BilingualText("lokaal team", "local team"),
    Role.PARENT: BilingualText("ouder", "parent"),
    Role.YOUNG_PERSON: BilingualText("jongere", "young person"),
    Role.COORDINATOR: BilingualText("coördinator", "coordinator"),
    Role.SCREENER: BilingualText("screener", "screener"),
    Role.CHAIR: BilingualText("voorzitter", "chair"),
    Role.EXPERT: BilingualText("expert", "expert"),
    Role.EXPERT_BY_EXPERIENCE: BilingualText("ervaringsdeskundige", "expert by experience"),
    Role.PROCESS_DIRECTOR: BilingualText("procesregisseur", "process director"),
    Role.PROVIDER: BilingualText("aanbieder", "provider"),
    Role.MUNICIPALITY: BilingualText("gemeente", "municipality"),
    Role.CCE_LIAISON: BilingualText("CCE-verbindingspersoon", "CCE liaison"),
    Role.EXPERTISE_NETWORK: BilingualText("expertisenetwerk", "expertise network"),
    Role.NATIONAL_SUPPORT: BilingualText("landelijke steunstructuur of CCE", "national support structure or CCE"),
    Role.FACILITATOR: BilingualText("begeleider leertafel", "learning-table facilitator"),
    Role.DATA_PROTECTION_OFFICER: BilingualText("functionaris gegevensbescherming", "data-protection officer"),
    Role.ADMINISTRATOR: BilingualText("beheerder", "administrator"),
}

# Roles of the regional expert team that see the whole case. Experts see a case only while it is at the table.
TEAM_ROLES = frozenset({Role.COORDINATOR, Role.SCREENER, Role.CHAIR, Role.PROCESS_DIRECTOR})
TABLE_ROLES = frozenset({Role.EXPERT, Role.EXPERT_BY_EXPERIENCE})
# Roles that submit a case or a question; their party is the submitting organisation. A family is an organisation.
FAMILY_ROLES = frozenset({Role.PARENT, Role.YOUNG_PERSON})
SUBMITTING_ROLES = frozenset({Role.LOCAL_TEAM}) | FAMILY_ROLES
# When one of these roles must act on a part, its organisation is the addressee of the part.
ADDRESSED_ROLES = frozenset(
    {Role.PROVIDER, Role.MUNICIPALITY, Role.CCE_LIAISON, Role.EXPERTISE_NETWORK, Role.NATIONAL_SUPPORT}
)


def roles_in_words(roles: Iterable[Role]) -> BilingualText:
    """Returns the labels of the roles, in the order of their codes, as an enumeration with "or"."""
    return join_texts((ROLE_LABELS[role] for role in sorted(roles)), OR)
