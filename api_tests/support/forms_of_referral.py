"""Examples of the forms from referral to triage, about a boy of thirteen in a fictional Almere."""

from typing import Any

CONSENTS: list[dict[str, Any]] = [
    {
        "kind": {"code": "consent"},
        "by": {"code": "child"},
        "purposes": [{"code": "discuss_at_table"}, {"code": "share_with_providers"}],
        "givenOn": "2025-02-03",
    },
    {
        "kind": {"code": "consent"},
        "by": {"code": "parent"},
        "purposes": [{"code": "discuss_at_table"}, {"code": "share_with_providers"}, {"code": "learning"}],
        "givenOn": "2025-02-03",
        "explanation": "Moeder heeft alleen het gezag. Zij wil graag eerst horen wie er aan tafel zitten.",
    },
]

OF_REFERRAL: dict[str, dict[str, Any]] = {
    "referral@1": {
        "birthMonth": "2011-09",
        "residence": {
            "municipality": "GM0034",
            "sinceOn": "2019-08-01",
            "inStay": False,
            "motherAtBirth": "GM0995",
        },
        "question": (
            "Hoe kan deze jongen van dertien thuis blijven wonen en weer naar school, met de hulp die hij nodig heeft? "
            "Twee aanbieders zagen geen mogelijkheid, en thuis wordt het zwaar."
        ),
        "childVoice": {
            "ownWords": "Ik wil niet weer ergens anders wonen. Ik wil dat iemand blijft, ook als ik boos word."
        },
        "parentsVoice": {"ownWords": "We houden van hem en we zijn moe. We willen het samen kunnen blijven doen."},
        "tried": [
            {
                "help": "Ambulante gezinsbegeleiding, twee keer per week",
                "provider": "Gezinshulp De Wilg (fictief)",
                "period": "maart tot november 2024",
                "result": "Rust in de ochtenden. De avonden en de weekenden bleven te zwaar.",
            },
            {
                "help": "Dagbehandeling naast school",
                "period": "september tot december 2024",
                "result": "Hij ging er graag heen, tot de vaste begeleider wegging.",
            },
        ],
        "refusals": [
            {
                "provider": "Jeugdhulp De Linde (fictief)",
                "reason": {"code": "no_capacity", "text": "Wachttijd van negen maanden."},
                "refusedOn": "2025-01-14",
            },
            {"provider": "Centrum Waterkant (fictief)", "reason": {"code": "risk_too_high"}},
        ],
        "livingPlace": {"code": "at_home"},
        "safety": {"code": "safe", "text": "Er is een veiligheidsplan dat iedereen kent."},
        "safetyDirector": "Wijkteam Almere Haven (fictief)",
        "referrer": {"code": "01"},
        "legalStatus": {"code": "none"},
        "urgency": {"code": "urgent"},
        "urgencyReason": "Hij zit sinds december thuis, en ouders kunnen dit niet lang meer volhouden.",
        "consents": CONSENTS,
        "caseDirector": {
            "name": "Farida el Amrani",
            "organisation": "Wijkteam Almere Haven (fictief)",
            "role": "jeugd- en gezinswerker",
            "reachableAt": "036 000 00 00",
        },
        "contactPerson": {
            "name": "Farida el Amrani",
            "organisation": "Wijkteam Almere Haven (fictief)",
            "reachableAt": "036 000 00 00",
        },
        "explanatoryAnalysis": (
            "Overvraging op school en veel wisselingen van gezichten houden de spanning hoog. Waar één volwassene "
            "blijft, gaat het goed. Ouders zien dat ook zo."
        ),
        "stagnationReasons": [{"code": "no_capacity"}, {"code": "no_shared_analysis"}],
        "lifeDomains": [
            {"domain": {"code": "support"}, "state": "Een oom komt elke zaterdag."},
            {"domain": {"code": "school_work"}, "state": "Ingeschreven op het vmbo, komt er nu niet."},
        ],
        "productCategory": {"code": "45"},
        "education": "Vmbo, tweede klas. De school wil meedenken over een rustige plek.",
        "network": [
            {"relation": {"code": "17"}, "meaning": "Oom, met wie hij sleutelt aan fietsen."},
            {"relation": {"code": "other", "text": "Zelfgekozen mentor (JIM)"}, "meaning": "Trainer van de club."},
        ],
        "previousMoves": 2,
        "needKnownSinceOn": "2024-01-15",
        "interpreter": {"code": "1", "text": "Arabisch, voor oma"},
    },
    "consult_request@1": {
        "question": "Onze dochter van vijftien komt haar kamer niet meer uit. Wat kunnen wij thuis doen?",
        "askedBy": {"code": "parent"},
        "municipality": "GM0392",
        "birthMonth": "2011-09",
        "tried": "Praten met haar mentor, en een maand rust.",
        "contact": {"name": "Wilma", "reachableAt": "06 00 00 00 00"},
    },
    "consent_given@1": {
        "consents": [
            {
                "kind": {"code": "consent"},
                "by": {"code": "parent"},
                "purposes": [{"code": "learning"}],
                "givenOn": "2025-02-20",
            }
        ]
    },
    "consent_withdrawn@1": {
        "kind": {"code": "consent"},
        "by": {"code": "parent"},
        "purposes": [{"code": "discuss_at_table"}],
        "withdrawnOn": "2025-02-21",
        "explanation": "Wij willen er eerst zelf over praten.",
    },
    "triage_start@1": {"screenerId": "5c7e9a52-9a55-4f5a-8f0e-3b8a4be0a001"},
    "information_request@1": {
        "question": "Wat zegt de school zelf dat hij nodig heeft om weer te komen?",
        "askedOf": "Wijkteam Almere Haven (fictief)",
        "neededByOn": "2030-02-19",
    },
    "information@1": {
        "answer": "De mentor zegt: een vaste plek, halve dagen, en één gezicht bij wie hij terechtkan.",
        "suppliedBy": "mentor van de tweede klas",
    },
    "proceeding@1": {
        "called": "de mentor van school, en moeder",
        "heard": "De mentor is ziek. Moeder vertelt dat halve dagen eerder goed gingen; daar gaan we mee verder.",
    },
    "consult@1": {
        "advice": "Begin met één vaste begeleider op de moeilijke uren, en spreek met school halve dagen af.",
        "nextStep": "Samen met ouders en school een rooster maken voor zes weken.",
        "doneBy": "Farida el Amrani, wijkteam",
    },
    "consult_outcome@1": {
        "confirmedBy": {"code": "parent"},
        "outcome": "We kunnen hiermee verder; het rooster hangt op de koelkast.",
    },
    "table_request@1": {
        "askedBy": {"code": "parent"},
        "reason": "Het rooster hielp twee weken. Er is toch meer nodig dan wij samen kunnen regelen.",
    },
    "triage@1": {
        "regularRoutesTried": {"met": True, "reason": "Twee vormen van hulp geprobeerd, twee aanbieders gevraagd."},
        "questionClear": {"met": True, "reason": "Thuis en naar school, met hulp die blijft."},
        "urgencySufficient": {"met": True, "reason": "Hij zit thuis en ouders zijn aan het eind van hun krachten."},
        "urgency": {"code": "urgent"},
        "tableOn": "2030-03-11",
        "wantedMembers": [
            {"role": {"code": "behavioural_scientist"}, "expertise": "trauma en schoolverzuim"},
            {"role": {"code": "expert_by_experience"}},
        ],
    },
    "rescheduling@1": {
        "tableOn": "2030-03-18",
        "reason": "Moeder kan dan ook; in de eerste week werkt zij.",
    },
    "decline_proposal@1": {
        "reason": {"code": "regular_route_open"},
        "otherRoute": "Het jeugdteam van de ggz kan in twee weken beginnen en kent het gezin al.",
    },
    "decline@1": {
        "reason": {"code": "regular_route_open"},
        "otherRoute": "Het jeugdteam van de ggz begint binnen twee weken.",
        "takenOverBy": {
            "name": "Joris Veenstra",
            "organisation": "Ggz Polderland (fictief)",
            "role": "behandelcoördinator",
            "acceptedOn": "2025-02-12",
        },
        "messageToFamily": "Joris Veenstra belt u deze week. Lukt het niet samen, dan kunt u ons altijd weer vragen.",
    },
    "transfer_proposal@1": {
        "toRegion": "JZ07",
        "reason": {"code": "family_moved"},
        "explanation": "Het gezin woont sinds de kerst in Zwolle.",
    },
    "transfer@1": {
        "toRegion": "JZ07",
        "reason": {"code": "family_moved"},
        "acceptedBy": {
            "name": "Marijke de Boer",
            "organisation": "Regionaal expertteam IJsselland (fictief)",
            "role": "coördinator",
            "acceptedOn": "2025-02-13",
        },
        "messageToFamily": "U bent verhuisd naar Zwolle. Marijke de Boer neemt uw vraag over en kent het hele verhaal.",
    },
    "withdrawal@1": {
        "reason": {"code": "help_found"},
        "wishedBy": {"code": "parent"},
        "explanation": "De oude begeleider is terug, en daarmee durven we het aan.",
    },
    "reopening@1": {
        "reason": {"code": "help_stopped"},
        "whatHappened": "De begeleider is opnieuw vertrokken. Het gezin vraagt of de tafel weer wil meedenken.",
    },
}
