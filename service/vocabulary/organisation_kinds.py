"""The kinds of organisation, and in which roles people act for each of them (domain.md 5.1)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from service.vocabulary.language import Words
from service.vocabulary.roles import FAMILY_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.vocabulary.sentences import OR, joined


class OrganisationKind(StrEnum):
    """What an organisation is here for."""

    LOCAL_TEAM = "local_team"
    CERTIFIED_INSTITUTION = "certified_institution"
    MEDICAL = "medical"
    PROVIDER = "provider"
    EXPERT_TEAM = "expert_team"
    MUNICIPALITY = "municipality"
    CO_FUNDER = "co_funder"
    EXPERTISE_NETWORK = "expertise_network"
    NATIONAL_SUPPORT = "national_support"
    CCE = "cce"
    FAMILY = "family"
    INSTALLATION = "installation"


_K = OrganisationKind
KIND_LABELS: Mapping[OrganisationKind, Words] = MappingProxyType(
    {
        _K.LOCAL_TEAM: Words("lokaal team", "local team"),
        _K.CERTIFIED_INSTITUTION: Words("gecertificeerde instelling", "certified institution"),
        _K.MEDICAL: Words("huisarts, jeugdarts of specialist", "general practitioner, youth doctor or specialist"),
        _K.PROVIDER: Words("aanbieder", "provider"),
        _K.EXPERT_TEAM: Words("regionaal expertteam", "regional expert team"),
        _K.MUNICIPALITY: Words("gemeente", "municipality"),
        _K.CO_FUNDER: Words("medefinancier", "co-funder"),
        _K.EXPERTISE_NETWORK: Words("expertisenetwerk", "expertise network"),
        _K.NATIONAL_SUPPORT: Words("landelijke steunstructuur", "national support structure"),
        _K.CCE: Words("CCE", "CCE"),
        _K.FAMILY: Words("gezin", "family"),
        _K.INSTALLATION: Words("beheer van deze installatie", "operator of this installation"),
    }
)
# Everybody who may bring a case acts as a local team does, also a GP, a youth doctor or a specialist (R125).
ROLES_OF: Mapping[OrganisationKind, frozenset[Role]] = MappingProxyType(
    {
        _K.LOCAL_TEAM: frozenset({Role.LOCAL_TEAM}),
        _K.CERTIFIED_INSTITUTION: frozenset({Role.LOCAL_TEAM}),
        _K.MEDICAL: frozenset({Role.LOCAL_TEAM}),
        _K.PROVIDER: frozenset({Role.LOCAL_TEAM, Role.PROVIDER}),
        _K.EXPERT_TEAM: TEAM_ROLES | TABLE_ROLES | {Role.FACILITATOR, Role.DATA_PROTECTION_OFFICER},
        _K.MUNICIPALITY: frozenset({Role.MUNICIPALITY}),
        _K.CO_FUNDER: frozenset({Role.MUNICIPALITY}),
        _K.EXPERTISE_NETWORK: frozenset({Role.EXPERTISE_NETWORK}),
        _K.NATIONAL_SUPPORT: frozenset({Role.NATIONAL_SUPPORT}),
        _K.CCE: frozenset({Role.CCE_LIAISON, Role.NATIONAL_SUPPORT}),
        _K.FAMILY: FAMILY_ROLES,
        _K.INSTALLATION: frozenset({Role.ADMINISTRATOR}),
    }
)
# Of each of these, one organisation covers a region on a day: the team that owns its cases, the network that thinks
# along, the liaison who is appointed for it.
COVERING = (_K.EXPERT_TEAM, _K.EXPERTISE_NETWORK, _K.CCE)
# Their municipality is where they are, and tells the region of what they submit.
IN_A_MUNICIPALITY = (_K.LOCAL_TEAM, _K.MUNICIPALITY, _K.FAMILY)


def kinds_in_words(kinds: Iterable[str]) -> Words:
    """These kinds, one of which is meant."""
    return joined((KIND_LABELS[OrganisationKind(it)] for it in kinds), OR)
