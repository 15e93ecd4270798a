"""Who gets an answer from each operation, written down by hand from who comes to do what (design 1, domain.md 5.1).

The situation: Anna (Haarlem) submitted a case. Line A is put to De Veste (Ivo), runs, is paid by Haarlem (Karim) and is
to be checked on; line B is put to Het Duinhuis (Joke) and Velsen (Lotte); a place is sought; the CCE liaison (Mila)
was asked, and put a question to the national support structure (Tom). Ivo asked to look at the advice again; Vera is
the second chair. The table (Floor, Gijs) is
over; Floor reads in an emergency, on which, as on a request about the file, Quint looks. Bram, Otto and Petra are of
another town and another region. Noor facilitates learning tables, Quint protects data, Roos administers: none of them
needs a case for that. Neither the network (Sara) nor the consultants of the CCE (Ulla) were asked anything, and the
family (Wilma, Yara) submitted nothing itself. The draft is Anna's.

A person not named for an operation may not even know that the thing exists (404). Nobody without a token, and no
stranger with a sound token of somebody who is not known here, gets anything but what is public (401).
"""

from dataclasses import dataclass, field


def _people(keys: str) -> frozenset[str]:
    return frozenset(keys.split())


ALL = _people(
    "anna bram carla daan esra floor gijs hanna ivo joke karim lotte mila noor otto petra quint roos sara tom ulla "
    "vera wilma yara"
)
# Whoever may read all of the case: who submitted it, the team that owns it, the liaison who was asked, and Floor, who
# took emergency access and may do no more than read.
WHOLE = _people("anna carla daan esra floor hanna mila vera")
# Who decides that a file is destroyed, two of them at a time.
DECIDE = _people("carla esra hanna quint vera")
COMMITMENT_A, COMMITMENT_B = frozenset({"ivo"}), frozenset({"joke"})
FUNDING_A, FUNDING_B = frozenset({"karim"}), frozenset({"lotte"})
QUESTION = frozenset({"tom"})
ADDRESSED = COMMITMENT_A | COMMITMENT_B | FUNDING_A | FUNDING_B | QUESTION
LOOK_FOR_NO_HELP = _people("noor quint roos wilma yara")
PUBLIC = frozenset({*ALL, "nobody", "stranger"})


@dataclass(frozen=True)
class Expected:
    """`answered`: a success, or a step of which only the date is wrong. `refused`: knows of it, but may not (403)."""

    answered: frozenset[str]
    refused: frozenset[str] = field(default_factory=frozenset)

    def of(self, key: str) -> str:
        if key in self.answered:
            return "answered"
        if key in ("nobody", "stranger"):
            return "unauthenticated"
        return "refused" if key in self.refused else "not found"


def _of(answered: str | frozenset[str], refused: str | frozenset[str] = "") -> Expected:
    return Expected(*(_people(it) if isinstance(it, str) else it for it in (answered, refused)))


def _each(names: str, expected: Expected) -> dict[str, Expected]:
    return dict.fromkeys(names.split(), expected)


def _part(name: str, collection: str, seen: frozenset[str], noted_by: str) -> dict[str, Expected]:
    """The operations of one kind of part. Of a collection everybody who knows the case gets those they may see."""
    return {
        f"list{collection}": _of(WHOLE | ADDRESSED | {"quint"}),
        f"get{name}": _of(seen),
        f"list{name}Transitions": _of(seen),
        f"get{name}Transition": _of(seen),
        f"listPossible{name}Transitions": _of(seen),
        f"add{name}Transition": _of(noted_by, seen - _people(noted_by)),  # here: a note
    }


BY_HAND: dict[str, Expected] = {
    # What anybody in the world may read, and how a demonstration begins.
    **_each(
        "listRegions listMunicipalities listCodeLists getCodeList listWorkflows getWorkflow listForms getForm "
        "getHealth getReady "
        "listDemonstrationPeople createDemonstrationToken listProcessingActivities",
        _of(PUBLIC),
    ),
    # One's own: who one is, what waits, what one is still writing; who can be addressed. What stands on the lists is
    # another question (test_sight.py).
    **_each("getMe listOrganisations listCases listWorkItems listDrafts", _of(ALL)),
    **_each("getDraft saveDraft deleteDraft", _of("anna")),
    # A family as well; only who may submit makes drafts.
    **_each("submitCase createDraft", _of("anna bram otto wilma yara", ALL - _people("anna bram otto wilma yara"))),
    "getCase": _of(WHOLE | ADDRESSED | {"quint"}),  # to whom a part is put it is no more than a number and that part
    **_each("listTransitions getTransition listPossibleTransitions getFile verifyCase", _of(WHOLE)),
    "addTransition": _of(WHOLE - {"floor"}, "floor"),  # here: a note
    # Whose work it is to ask again and to plan; the liaison answers a question of the case. How long it is kept is no
    # content.
    "getComingOfAge": _of(WHOLE - _people("floor mila"), "floor mila"),
    "getRetention": _of(WHOLE),
    # Who saw the file is told to who brought the case and who answers for its file; the officer reads no content.
    "listAccess": _of(WHOLE - _people("daan floor mila") | {"quint"}, "daan floor mila"),
    # All that is held about a case is handed over by its coordinator or chair, or taken by the family itself.
    "getSubjectAccess": _of("carla esra vera", WHOLE - _people("carla esra vera")),
    "overseeAccess": _of("quint", ALL - {"quint"}),
    "listAdvices": _of(WHOLE | ADDRESSED | {"quint"}),
    "getAdvice": _of((WHOLE | ADDRESSED) - QUESTION),  # how much of it: test_own_part_alone.py
    **_part("Commitment", "Commitments", WHOLE | COMMITMENT_A, "ivo hanna esra vera"),
    **_part("Funding", "Fundings", WHOLE | FUNDING_A, "karim hanna esra vera"),
    **_part("Placement", "Placements", WHOLE, "hanna esra anna vera"),
    **_part("Escalation", "Escalations", WHOLE, "hanna esra mila vera"),
    **_part("Question", "Questions", WHOLE | QUESTION, "tom esra mila vera"),
    **_part("Reconsideration", "Reconsiderations", WHOLE | COMMITMENT_A, "ivo anna hanna esra vera"),
    **_part("FollowUp", "FollowUps", WHOLE, "hanna esra anna vera"),
    # The officer sees what is beside the file; whoever took the access may say more of it.
    **_part("FileRequest", "FileRequests", WHOLE | {"quint"}, "anna carla esra quint vera"),
    **_part("EmergencyAccess", "EmergencyAccesses", WHOLE | {"quint"}, "anna carla daan esra floor hanna quint vera"),
    "addFileRequest": _of("anna carla esra hanna vera", "daan floor mila"),
    # Here for a number that is no case, so that nobody reads one: those who may are told so.
    "addEmergencyAccess": _of("", "gijs karim lotte noor quint roos wilma yara"),
    "addEscalationSignal": _of("mila", ALL - {"mila"}),
    "listRefusals": _of(WHOLE),  # the ledger stays with the case
    "getHistories": _of("noor", ALL - {"noor"}),
    # What stands around the cases is the administrator's, and nobody else's.
    **_each(
        "addOrganisation renameOrganisation getOrganisation addPerson renamePerson getPerson findPerson "
        "beginMembership endMembership beginCoverage endCoverage decideSettings getRegionSettings "
        "listAdministrativeChanges getAdministrativeChange",
        _of("roos", ALL - {"roos"}),
    ),
    # So are the workflows that cases run on. Of one plan: there is none here, as the administrator is told.
    **_each("tryWorkflow addPlan listWorkflowPlans", _of("roos", ALL - {"roos"})),
    **_each("getWorkflowPlan addAdoptions", _of("", ALL - {"roos"})),
    # What help there is, for who looks for it with a family; said by the provider, or by the team of its region.
    **_each("listOffers getOffer", _of(ALL - LOOK_FOR_NO_HELP, LOOK_FOR_NO_HELP)),
    **_each("addOffer addOfferStatement endOffer", _of("ivo carla hanna", ALL - {"ivo", "carla", "hanna"})),
    # What other systems are told is the administrator's to arrange. A feed is pulled by whoever does the work that it
    # tells of: the team, who submitted, and who was asked; not by experts, facilitators and administrators.
    **_each(
        "createSubscription listSubscriptions getSubscription addSubscriptionChange listDeadLetters addResending",
        _of("roos", ALL - {"roos"}),
    ),
    "listEvents": _of(ALL - _people("floor gijs noor quint roos"), "floor gijs noor quint roos"),
    # How far every case has come, in numbers and digests alone: for who answers for it that nothing is lost.
    "getDigest": _of("quint roos", ALL - _people("quint roos")),
    # How long what is kept is no secret. What keeps a case longer is for the chair, the coordinator and the officer of
    # its team; that it may go they decide together, and the process director with them. To Petra, chair of another
    # team, there is no such proposal.
    "getRetentionPolicy": _of(ALL),
    **_each("listLegalHolds addLegalHold liftLegalHold", _of("carla esra quint vera", "anna daan floor hanna mila")),
    **_each("listDestructionProposals listDestructions", _of(DECIDE | {"petra"}, ALL - DECIDE - {"petra"})),
    **_each("getDestructionProposal withdrawDestructionProposal", _of(DECIDE, ALL - DECIDE - {"petra"})),
    # Here for the team: the officer signs as what they are, and proposes what is due by command.
    **_each(
        "addDestructionProposal signDestructionProposal",
        _of(DECIDE - {"quint"}, (ALL - DECIDE | {"quint"}) - {"petra"}),
    ),
    # What is missing in a region: its own team and facilitator; to Petra of another region there is no such thing.
    "getGaps": _of("carla daan esra hanna noor vera", ALL - _people("carla daan esra hanna noor vera petra")),
}
