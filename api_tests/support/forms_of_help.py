"""Examples of forms of help, placement, escalation and follow-up, and of forms that fit in each state."""

from typing import Any

from api_tests.support.forms_of_referral import CONSENTS

_SHARING: list[dict[str, Any]] = [
    consent | {"purposes": [{"code": "expertise_network"}, {"code": "cce"}], "givenOn": "2025-03-20"}
    for consent in CONSENTS
]

_QUESTION: dict[str, Any] = {
    "regionTried": "Drie aanbieders gevraagd, een logeerplek op maat bedacht; de nachten lukken nog niet.",
    "question": "Wie heeft ervaring met slapen na langdurige onrust, en wil twee keer meedenken?",
    "consents": _SHARING,
}

OF_HELP: dict[str, dict[str, Any]] = {
    "help_report@1": {"line": "B", "startedOn": "2025-04-07", "confirmedBy": {"code": "parent"}},
    "setback@1": {
        "stagnationReasons": [{"code": "help_does_not_fit"}],
        "whatHappened": "De behandelaar is langdurig ziek geworden.",
        "whatIsNeeded": "Een vervanger die hij al kent, of een warme overgang naar iemand nieuws.",
    },
    "file_request@1": {
        "kind": {"code": "access"},
        "askedBy": {"code": "parent"},
        "askedOn": "2025-06-02",
        "about": "Wat er van de tafel van april is opgeschreven.",
    },
    "file_request_grant@1": {
        "extent": {"code": "partial"},
        "notGranted": "Wat de buurvrouw in vertrouwen vertelde.",
        "identityChecked": "Moeder kwam langs en liet haar rijbewijs zien.",
    },
    "file_request_refusal@1": {
        "reason": {"code": "interest_of_another"},
        "toldOn": "2025-06-20",
        "toldWhereToComplain": True,
    },
    "file_request_postponement@1": {"dueOn": "2025-08-10", "toldOn": "2025-06-12"},
    "correction@1": {
        "amends": 1,
        "changes": {"question": "Waar kan hij wonen, met zijn broer dichtbij?"},
        "reason": "Er stond dat hij geen broer heeft.",
    },
    "file_request_outcome@1": {"carriedOutOn": "2025-06-25", "whatWasDone": "Samen gelezen, en een kopie meegegeven."},
    "entry_destruction@1": {
        "partId": "00000000-0000-4000-8000-000000000001",
        "number": 1,
        "whatRemains": "Een notitie over de verhuizing. Het adres is weggehaald.",
    },
    "emergency_access@1": {
        "reason": {"code": "acute_safety"},
        "explanation": "Hij staat vanavond bij ons aan de balie en niemand van het team neemt op.",
    },
    "emergency_review@1": {
        "finding": {"code": "justified"},
        "considerations": "Het team was niet te bereiken en zonder het veiligheidsplan kon hij nergens heen.",
        "toldToFamily": "Ouders zijn de volgende dag gebeld.",
    },
    "acceptance@1": {
        "person": {"name": "Sander Kuipers", "organisation": "Jeugdhulp De Linde (fictief)"},
        "startsOn": "2030-04-05",
        "how": "Twee keer per week thuis, en bereikbaar op de moeilijke uren.",
    },
    "refusal@1": {
        "reason": {"code": "no_capacity", "text": "Onze logeerplek is vol tot de zomer."},
        "possibleIf": "Als een collega-aanbieder de weekenden doet, kunnen wij de doordeweekse nachten overnemen.",
    },
    "new_request@1": {
        "whatChanged": "Een collega-aanbieder neemt de weekenden voor zijn rekening.",
        "question": "Lukt het nu wel om de doordeweekse nachten te doen?",
    },
    "replacement@1": {
        "reason": {"code": "too_late"},
        "replacedBy": "Een logeergezin uit de buurt, begeleid door De Wilg (fictief).",
        "byLine": "D",
    },
    "help_start@1": {"startedOn": "2025-04-07", "bridging": False, "explanation": "Kennismaking ging goed."},
    "progress@1": {
        "howItGoes": "Hij belt zelf als het lastig wordt. De ochtenden gaan goed.",
        "doesItHelp": True,
        "nextReportOn": "2030-07-05",
    },
    "help_end@1": {
        "endedOn": "2025-10-31",
        "reason": {"code": "goals_reached"},
        "endReason": {"code": "01"},
        "endReasonAllocation": {"code": "31"},
        "whatComesNext": "De oom en de school weten wie zij kunnen bellen.",
    },
    "funding_confirmation@1": {
        "law": {"code": "jeugdwet"},
        "term": "twaalf maanden",
        "fromOn": "2025-04-01",
        "untilOn": "2026-03-31",
    },
    "payment_obstacle@1": {
        "obstacle": {"code": "8"},
        "otherParty": "gemeente Lelystad",
        "explanation": "Twee gemeenten zoeken uit wie verantwoordelijk is; de hulp loopt ondertussen door.",
    },
    "search@1": {
        "line": "A",
        "kind": {"code": "foster_family"},
        "whyNotHigher": "Thuis lukt nu niet elke nacht, en in het netwerk is geen bed.",
        "region": "JZ08",
        "bridging": True,
        "returnPlan": "Elke maand een nacht meer thuis; moeder en de behandelaar bereiden het samen voor.",
    },
    "search@2": {
        "line": "A",
        "kind": {"code": "foster_family"},
        "whyNotHigher": "Thuis lukt nu niet elke nacht, en in het netwerk is geen bed.",
        "bridging": True,
        "returnPlan": "Elke maand een nacht meer thuis; moeder en de behandelaar bereiden het samen voor.",
        "workOnReturn": "De behandelaar oefent vanaf de eerste week met moeder de avonden.",
        "alternativesToRemoval": [
            {"alternative": {"code": "intensive_help_at_home"}, "answer": "Gaat door, ook in de logeerweken."},
            {"alternative": {"code": "household_or_money_help"}, "answer": "Moeder krijgt al hulp met de post."},
            {"alternative": {"code": "family_admission"}, "answer": "Zijn zusjes gaan hier naar school."},
            {"alternative": {"code": "parents_treated_elsewhere"}, "answer": "Moeder heeft geen behandeling nodig."},
        ],
        "behaviouralScientist": "Hanneke Vos",
        "dissentAsked": True,
    },
    "funding_handover@1": {
        "takenOverBy": {
            "name": "Ria de Wit",
            "organisation": "gemeente Zeewolde",
            "role": "contractmanager",
            "acceptedOn": "2025-04-22",
        },
        "fromOn": "2025-05-01",
    },
    "agreement@1": {
        "agreedWith": {"name": "Petra Smit", "organisation": "Pleegzorg Zuiderzee (fictief)"},
        "region": "JZ08",
        "startsOn": "2030-04-12",
        "agreements": "Hij blijft naar zijn eigen school gaan, en zijn oom mag altijd langskomen.",
    },
    "placement_start@1": {"startedOn": "2025-04-14", "movesSoFar": 2},
    "placement_start@2": {"startedOn": "2025-04-14"},
    "stability@2": {
        "canStay": True,
        "seenBy": [{"code": "child"}, {"code": "foster_parent"}],
        "because": "Hij mag er blijven komen, ook als het een keer misgaat. Dat hebben ze hem zelf gezegd.",
        "workOnReturn": "Elke zondag kookt hij thuis; moeder brengt hem terug als het tijd is.",
    },
    "stability@1": {
        "canStay": True,
        "seenBy": [{"code": "child"}, {"code": "foster_parent"}],
        "because": "Hij mag er blijven komen, ook als het een keer misgaat. Dat hebben ze hem zelf gezegd.",
    },
    "placement_end@1": {
        "endedOn": "2025-11-03",
        "reason": {"code": "back_home"},
        "livesNext": {"code": "at_home"},
        "explanation": "Sinds de herfst slaapt hij alle nachten thuis.",
    },
    "network_request@1": _QUESTION | {"purpose": {"code": "knowledge"}},
    "escalation_request@1": _QUESTION
    | {
        "level": {"code": "cce_consultation"},
        "purpose": {"code": "sparring_partner"},
        "networkSkippedBecause": "Het netwerk heeft hier nu geen deskundige voor en raadt zelf het CCE aan.",
    },
    "escalation_signal@1": _QUESTION
    | {
        "level": {"code": "national_support"},
        "purpose": {"code": "organise_help"},
        "networkSkippedBecause": "Het netwerk heeft hier nu geen deskundige voor.",
        "heardFrom": "De huisarts, die zich zorgen maakt.",
    },
    "escalation@2": {
        "level": {"code": "national_support"},
        "organisationId": "1b0f3c58-7a86-4e7c-9d0e-2f3f7c0d4e02",
        "spokenTo": {"name": "Tom Peters", "organisation": "Landelijke steunstructuur (fictief)"},
        "question": "Wie denkt mee over de nachten, en is er elders een plek als het hier niet lukt?",
        "putOn": "2025-05-06",
        "answerExpectedOn": "2030-05-20",
    },
    "escalation@1": {
        "level": {"code": "cce_consultation"},
        "putTo": {"name": "Els van Dam", "organisation": "CCE (fictief)", "role": "coördinator"},
        "putOn": "2025-05-06",
        "answerExpectedOn": "2030-05-20",
    },
    "reminder@1": {
        "spokenTo": "Els van Dam",
        "whatWasSaid": "Er is een consulent gevonden; zij belt deze week.",
        "answerExpectedOn": "2030-05-27",
    },
    "escalation_answer@1": {
        "answeredBy": "Els van Dam",
        "answer": "De onrust in de nacht past bij oververmoeidheid. Begin met voorspelbare avonden.",
        "whatTheyDo": "Twee keer meekijken met de behandelaar, in mei en in juni.",
        "staysWithRegion": "De behandeling, de logeerplek en de regie.",
    },
    "escalation_conclusion@1": {
        "answer": "De onrust in de nacht past bij oververmoeidheid. Begin met voorspelbare avonden.",
        "whatTheyDo": "Twee keer meekijken met de behandelaar, in mei en in juni.",
        "staysWithRegion": "De behandeling, de logeerplek en de regie.",
    },
    "escalation_return@1": {
        "whatRegionDoes": "De behandelaar maakt met ouders een avondritme; de procesregisseur volgt het.",
        "familyTold": "Besproken met hem en zijn moeder, thuis aan de keukentafel.",
    },
    "escalation_withdrawal@1": {
        "reason": "De nachten gaan goed sinds het nieuwe avondritme; de vraag is er niet meer."
    },
    "monitoring@1": {
        "lines": [
            {"line": "A", "status": {"code": "running"}},
            {"line": "B", "status": {"code": "running"}},
            {"line": "C", "status": {"code": "bridging"}, "explanation": "De werkplaats gaat na de vakantie open."},
        ],
        "firstCheckOn": "2030-05-03",
    },
    "goal_check@1": {
        "heldOn": "2025-06-16",
        "goals": [
            {"number": 1, "status": {"code": "on_way"}},
            {"number": 2, "status": {"code": "adapted"}, "reason": "Drie ochtenden is nu genoeg, vindt hij zelf."},
        ],
        "placeStable": True,
        "moves": 0,
        "childSays": "Het is beter. Mijn oom en de begeleider zijn er nog steeds.",
        "parentsSay": "We slapen weer.",
        "harmSignalled": False,
        "lifeDomains": [{"domain": {"code": "school_work"}, "state": "Drie ochtenden in de werkplaats."}],
        "nextAction": "Na de zomer de vierde ochtend proberen.",
        "nextCheckOn": "2030-07-05",
    },
    "goal_check@2": {
        "heldOn": "2025-06-16",
        "goals": [
            {"number": 1, "status": {"code": "on_way"}},
            {"number": 2, "status": {"code": "adapted"}, "reason": "Drie ochtenden is nu genoeg, vindt hij zelf."},
        ],
        "placeStable": True,
        "moves": 0,
        "childSays": "Het is beter. Mijn oom en de begeleider zijn er nog steeds.",
        "childSatisfied": {"code": "satisfied"},
        "parentsSay": "We slapen weer.",
        "parentsSatisfied": {"code": "partly"},
        "harmSignalled": False,
        "lifeDomains": [{"domain": {"code": "school_work"}, "state": "Drie ochtenden in de werkplaats."}],
        "nextAction": "Na de zomer de vierde ochtend proberen.",
    },
    "check_plan@1": {"checkOn": "2030-08-16", "because": "De nieuwe school begint dan; daarna kijken we samen."},
    "closure@1": {
        "outcome": {"code": "goals_reached_help_continues"},
        "endReason": {"code": "01"},
        "endReasonAllocation": {"code": "31"},
        "lifeDomains": [
            {"domain": {"code": "support"}, "arranged": True, "explanation": "Zijn oom, en de trainer."},
            {"domain": {"code": "living"}, "arranged": True},
            {
                "domain": {"code": "school_work"},
                "arranged": False,
                "carriedBy": {"name": "Ineke Blok", "organisation": "Samenwerkingsverband (fictief)"},
            },
            {"domain": {"code": "income"}, "arranged": True},
            {"domain": {"code": "wellbeing"}, "arranged": True},
        ],
        "afterCheckOn": "2030-12-06",
        "familyTold": "Samen afgesloten met taart; zij weten wie zij kunnen bellen.",
        "lookingBack": [
            {
                "by": {"code": "chair"},
                "again": {"code": "partly"},
                "because": "We hadden de school eerder aan tafel moeten vragen.",
            },
            {"by": {"code": "parent"}, "again": {"code": "yes"}},
        ],
    },
    "note@1": {"text": "Gebeld met moeder: de afspraak van donderdag gaat door."},
    "reassignment@1": {"assigneeId": "9e0d6c0a-4c3e-4a55-8a45-2b9f6f3a3003"},
    "amendment@1": {
        "amends": 1,
        "changes": {"previousMoves": 3, "residence": {"sinceOn": "2019-07-01"}},
        "reason": "Er was in 2018 nog een verhuizing, vertelt moeder.",
    },
}
