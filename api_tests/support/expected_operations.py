"""The people who get an answer from each operation, written by hand from practice.

The situation: Anna (Haarlem) submitted a case. Line A is put to De Veste (Ivo), runs, is paid by Haarlem (Karim) and is
to be checked on; line B is put to Het Duinhuis (Joke) and Velsen (Lotte); a place is sought; the CCE liaison (Mila)
was asked, and put a question to the national support structure (Tom). Ivo asked for a reconsideration; Vera is the
second chair. The table (Floor, Gijs) is over; Floor took emergency access. Quint looks at that and at the request about
the file. Bram, Otto and Petra are of another town and another region. Noor facilitates learning tables, Quint protects
data, Roos administers: none of them needs a case. Neither the network (Sara) nor the consultants of the CCE (Ulla) were
asked, and the family (Wilma, Yara) submitted nothing itself. The draft is Anna's.

A person who is not named for an operation gets 404 and may not learn that the thing exists. Without a token, and with a
valid token of an unknown person, only public operations are answered (401).
"""

from dataclasses import dataclass, field


def _people(keys: str) -> frozenset[str]:
    return frozenset(keys.split())


ALL_PEOPLE = _people(
    "anna bram carla daan esra floor gijs hanna ivo joke karim lotte mila noor otto petra quint roos sara tom ulla "
    "vera wilma yara"
)
# People who may read the whole case: the submitter, the team that owns it, the liaison who was asked, and Floor, who
# took emergency access and may only read.
WHOLE = _people("anna carla daan esra floor hanna mila vera")
# People who decide on the destruction of a file, two of them at a time.
DESTRUCTION_DECIDERS = _people("carla esra hanna quint vera")
COMMITMENT_A, COMMITMENT_B = frozenset({"ivo"}), frozenset({"joke"})
FUNDING_A, FUNDING_B = frozenset({"karim"}), frozenset({"lotte"})
QUESTION = frozenset({"tom"})
ADDRESSED = COMMITMENT_A | COMMITMENT_B | FUNDING_A | FUNDING_B | QUESTION
WITHOUT_OFFERS = _people("noor quint roos wilma yara")
PUBLIC = frozenset({*ALL_PEOPLE, "nobody", "stranger"})


@dataclass(frozen=True)
class Expected:
    """`answered`: a success, or a step with a wrong date alone. `refused`: 403, the person knows of it but may not."""

    answered: frozenset[str]
    refused: frozenset[str] = field(default_factory=frozenset)

    def of(self, key: str) -> str:
        if key in self.answered:
            return "answered"
        if key in ("nobody", "stranger"):
            return "unauthenticated"
        return "refused" if key in self.refused else "not found"


def _of(answered: str | frozenset[str], refused: str | frozenset[str] = "") -> Expected:
    return Expected(*(_people(keys) if isinstance(keys, str) else keys for keys in (answered, refused)))


def _same(names: str, expected: Expected) -> dict[str, Expected]:
    return dict.fromkeys(names.split(), expected)


def _part(name: str, collection: str, readers: frozenset[str], noted_by: str) -> dict[str, Expected]:
    """The operations of one kind of part. Each person who knows the case gets the list, with their own parts in it."""
    return {
        f"list{collection}": _of(WHOLE | ADDRESSED | {"quint"}),
        f"get{name}": _of(readers),
        f"list{name}Transitions": _of(readers),
        f"get{name}Transition": _of(readers),
        f"listPossible{name}Transitions": _of(readers),
        f"add{name}Transition": _of(noted_by, readers - _people(noted_by)),  # here: a note
    }


BY_HAND: dict[str, Expected] = {
    # Public operations, and the start of a demonstration.
    **_same(
        "listRegions listMunicipalities listCodeLists getCodeList listWorkflows getWorkflow listForms getForm "
        "getHealth getReady "
        "listDemonstrationPeople createDemonstrationToken listProcessingActivities",
        _of(PUBLIC),
    ),
    # The person's own profile, work items and drafts, and the organisations to address. The content of the lists is
    # tested in test_sight.py.
    **_same("getMe listOrganisations listCases listWorkItems listDrafts", _of(ALL_PEOPLE)),
    **_same("getDraft saveDraft deleteDraft", _of("anna")),
    # Families may submit as well. Only people who may submit make drafts.
    **_same(
        "submitCase createDraft", _of("anna bram otto wilma yara", ALL_PEOPLE - _people("anna bram otto wilma yara"))
    ),
    "getCase": _of(WHOLE | ADDRESSED | {"quint"}),  # an addressee sees its number and their own part alone
    **_same("listTransitions getTransition listPossibleTransitions getFile verifyCase", _of(WHOLE)),
    "addTransition": _of(WHOLE - {"floor"}, "floor"),  # here: a note
    # Coming of age is for the people who plan; the liaison only answers a question of the case. A retention term is no
    # content.
    "getComingOfAge": _of(WHOLE - _people("floor mila"), "floor mila"),
    "getRetention": _of(WHOLE),
    # The access log of a case is for its submitter and those who answer for its file. The officer reads no content.
    "listAccess": _of(WHOLE - _people("daan floor mila") | {"quint"}, "daan floor mila"),
    # Subject access to a case is given by its coordinator or chair, or used by the family itself.
    "getSubjectAccess": _of("carla esra vera", WHOLE - _people("carla esra vera")),
    "overseeAccess": _of("quint", ALL_PEOPLE - {"quint"}),
    "listAdvices": _of(WHOLE | ADDRESSED | {"quint"}),
    "getAdvice": _of((WHOLE | ADDRESSED) - QUESTION),  # its extent: test_own_part_alone.py
    **_part("Commitment", "Commitments", WHOLE | COMMITMENT_A, "ivo hanna esra vera"),
    **_part("Funding", "Fundings", WHOLE | FUNDING_A, "karim hanna esra vera"),
    **_part("Placement", "Placements", WHOLE, "hanna esra anna vera"),
    **_part("Escalation", "Escalations", WHOLE, "hanna esra mila vera"),
    **_part("Question", "Questions", WHOLE | QUESTION, "tom esra mila vera"),
    **_part("Reconsideration", "Reconsiderations", WHOLE | COMMITMENT_A, "ivo anna hanna esra vera"),
    **_part("FollowUp", "FollowUps", WHOLE, "hanna esra anna vera"),
    # The officer sees the parts outside the file. The person who took emergency access may add a note to it.
    **_part("FileRequest", "FileRequests", WHOLE | {"quint"}, "anna carla esra quint vera"),
    **_part("EmergencyAccess", "EmergencyAccesses", WHOLE | {"quint"}, "anna carla daan esra floor hanna quint vera"),
    **_part("EntryDestruction", "EntryDestructions", WHOLE | {"quint"}, "carla esra hanna quint vera"),
    "addEntryDestruction": _of("carla esra hanna vera", "anna daan floor mila"),
    "addFileRequest": _of("anna carla esra hanna vera", "daan floor mila"),
    # Tried with a number of no case, so that no access begins: people with the right get 404.
    "addEmergencyAccess": _of("", "gijs karim lotte noor quint roos wilma yara"),
    "addEscalationSignal": _of("mila", ALL_PEOPLE - {"mila"}),
    "listRefusals": _of(WHOLE),  # the ledger stays with the case
    "getHistories": _of("noor", ALL_PEOPLE - {"noor"}),
    # Organisations, people and settings are for the administrator alone.
    **_same(
        "addOrganisation renameOrganisation getOrganisation addPerson renamePerson getPerson findPerson "
        "beginMembership endMembership beginCoverage endCoverage endOrganisation addMunicipality "
        "changeMunicipality decideSettings getRegionSettings "
        "listAdministrativeChanges getAdministrativeChange",
        _of("roos", ALL_PEOPLE - {"roos"}),
    ),
    # So are workflows. There is no plan here: for a single plan the administrator gets 404.
    **_same("tryWorkflow addPlan listWorkflowPlans", _of("roos", ALL_PEOPLE - {"roos"})),
    **_same("getWorkflowPlan addAdoptions", _of("", ALL_PEOPLE - {"roos"})),
    # Offers are read by people who look for help with a family, and written by the provider or the team of the region.
    **_same("listOffers getOffer", _of(ALL_PEOPLE - WITHOUT_OFFERS, WITHOUT_OFFERS)),
    **_same("addOffer addOfferStatement endOffer", _of("ivo carla hanna", ALL_PEOPLE - {"ivo", "carla", "hanna"})),
    # Subscriptions are for the administrator. A feed is pulled by the organisations that do the work of its events: the
    # team, submitters and addressees; not by experts, facilitators and administrators.
    **_same(
        "createSubscription listSubscriptions getSubscription addSubscriptionChange listDeadLetters addResending",
        _of("roos", ALL_PEOPLE - {"roos"}),
    ),
    "listEvents": _of(ALL_PEOPLE - _people("floor gijs noor quint roos"), "floor gijs noor quint roos"),
    # The digest holds numbers and digests alone, of the cases of the officer's team.
    "getDigest": _of("quint", ALL_PEOPLE - _people("quint")),
    # Retention terms are no secret. Legal holds are for the chair, coordinator and officer of the team; they and the
    # process director decide on destruction. For Petra, chair of another team, there is no such proposal.
    "getRetentionPolicy": _of(ALL_PEOPLE),
    **_same("listLegalHolds addLegalHold liftLegalHold", _of("carla esra quint vera", "anna daan floor hanna mila")),
    **_same(
        "listDestructionProposals listDestructions",
        _of(DESTRUCTION_DECIDERS | {"petra"}, ALL_PEOPLE - DESTRUCTION_DECIDERS - {"petra"}),
    ),
    **_same(
        "getDestructionProposal withdrawDestructionProposal",
        _of(DESTRUCTION_DECIDERS, ALL_PEOPLE - DESTRUCTION_DECIDERS - {"petra"}),
    ),
    # Tried for the team: the officer signs in their own capacity, and proposes cases that are due by command.
    **_same(
        "addDestructionProposal signDestructionProposal",
        _of(DESTRUCTION_DECIDERS - {"quint"}, (ALL_PEOPLE - DESTRUCTION_DECIDERS | {"quint"}) - {"petra"}),
    ),
    # Gaps of a region are for its own team and facilitator. For Petra of another region they do not exist (404).
    "getGaps": _of("carla daan esra hanna noor vera", ALL_PEOPLE - _people("carla daan esra hanna noor vera petra")),
}
