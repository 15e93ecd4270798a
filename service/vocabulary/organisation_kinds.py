"""The kinds of organisation, and the roles that people can have at each."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from service.vocabulary.language import BilingualText
from service.vocabulary.roles import FAMILY_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.vocabulary.sentences import OR, join_texts


class OrganisationKind(StrEnum):
    """The function of an organisation in youth care."""

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


KIND_LABELS: Mapping[OrganisationKind, BilingualText] = MappingProxyType(
    {
        OrganisationKind.LOCAL_TEAM: BilingualText("lokaal team", "local team"),
        OrganisationKind.CERTIFIED_INSTITUTION: BilingualText("gecertificeerde instelling", "certified institution"),
        OrganisationKind.MEDICAL: BilingualText(
            "huisarts, jeugdarts of specialist", "general practitioner, youth doctor or specialist"
        ),
        OrganisationKind.PROVIDER: BilingualText("aanbieder", "provider"),
        OrganisationKind.EXPERT_TEAM: BilingualText("regionaal expertteam", "regional expert team"),
        OrganisationKind.MUNICIPALITY: BilingualText("gemeente", "municipality"),
        OrganisationKind.CO_FUNDER: BilingualText("medefinancier", "co-funder"),
        OrganisationKind.EXPERTISE_NETWORK: BilingualText("expertisenetwerk", "expertise network"),
        OrganisationKind.NATIONAL_SUPPORT: BilingualText("landelijke steunstructuur", "national support structure"),
        OrganisationKind.CCE: BilingualText("CCE", "CCE"),
        OrganisationKind.FAMILY: BilingualText("gezin", "family"),
        OrganisationKind.INSTALLATION: BilingualText("beheer van deze installatie", "operator of this installation"),
    }
)
# Everyone who may submit a case acts in the role of local team, also a GP, a youth doctor or a specialist (R125).
ROLES_BY_KIND: Mapping[OrganisationKind, frozenset[Role]] = MappingProxyType(
    {
        OrganisationKind.LOCAL_TEAM: frozenset({Role.LOCAL_TEAM}),
        OrganisationKind.CERTIFIED_INSTITUTION: frozenset({Role.LOCAL_TEAM}),
        OrganisationKind.MEDICAL: frozenset({Role.LOCAL_TEAM}),
        OrganisationKind.PROVIDER: frozenset({Role.LOCAL_TEAM, Role.PROVIDER}),
        OrganisationKind.EXPERT_TEAM: TEAM_ROLES | TABLE_ROLES | {Role.FACILITATOR, Role.DATA_PROTECTION_OFFICER},
        OrganisationKind.MUNICIPALITY: frozenset({Role.MUNICIPALITY}),
        OrganisationKind.CO_FUNDER: frozenset({Role.MUNICIPALITY}),
        OrganisationKind.EXPERTISE_NETWORK: frozenset({Role.EXPERTISE_NETWORK}),
        OrganisationKind.NATIONAL_SUPPORT: frozenset({Role.NATIONAL_SUPPORT}),
        OrganisationKind.CCE: frozenset({Role.CCE_LIAISON, Role.NATIONAL_SUPPORT}),
        OrganisationKind.FAMILY: FAMILY_ROLES,
        OrganisationKind.INSTALLATION: frozenset({Role.ADMINISTRATOR}),
    }
)
# Exactly one organisation of each of these kinds covers a region on any day: the team that owns its cases, the
# network that advises it, and the CCE liaison appointed for it.
COVERING_KINDS = (OrganisationKind.EXPERT_TEAM, OrganisationKind.EXPERTISE_NETWORK, OrganisationKind.CCE)
# Kinds with a municipality of their own; it determines the region of the cases that they submit.
KINDS_WITH_MUNICIPALITY = (OrganisationKind.LOCAL_TEAM, OrganisationKind.MUNICIPALITY, OrganisationKind.FAMILY)


def kinds_in_words(kinds: Iterable[str]) -> BilingualText:
    """Returns the labels of the kinds as an enumeration with "or"."""
    return join_texts((KIND_LABELS[OrganisationKind(kind)] for kind in kinds), OR)
