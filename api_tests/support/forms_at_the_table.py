"""Examples of the forms of the table, the analysis and the advice."""

from typing import Any

PROVIDER_ID = "0b8a4c1e-5a0c-4f0e-9d7b-6f1f2a7c1001"
PAYER_ID = "7d1f0a52-33a4-4b63-8f5f-0f5e8a7c2002"

ADVICE: dict[str, Any] = {
    "lines": [
        {
            "key": "A",
            "domain": {"code": "living"},
            "aim": "Hij woont thuis, en er is een vaste logeerplek voor als het even te veel is.",
            "productCategory": {"code": "44"},
            "providerId": PROVIDER_ID,
            "payerId": PAYER_ID,
            "law": {"code": "jeugdwet"},
            "latestStartOn": "2030-04-12",
            "duration": "zolang het nodig is; elk half jaar samen bekeken",
            "bridging": False,
        },
        {
            "key": "B",
            "domain": {"code": "treatment"},
            "aim": "Eén behandelaar die blijft, thuis en op de logeerplek.",
            "productCategory": {"code": "54"},
            "providerId": PROVIDER_ID,
            "payerId": PAYER_ID,
            "law": {"code": "jeugdwet"},
            "latestStartOn": "2030-04-05",
            "duration": "een jaar",
            "bridging": False,
        },
        {
            "key": "C",
            "domain": {"code": "education_daytime"},
            "aim": "Halve dagen naar zijn eigen school, met één vast gezicht.",
            "madeToMeasure": "School, samenwerkingsverband en behandelaar maken samen een plek in de werkplaats.",
            "latestStartOn": "2030-03-29",
            "duration": "tot de zomer",
            "bridging": True,
        },
    ],
    "goals": [
        {
            "number": 1,
            "text": "Ik slaap thuis, en één weekend in de maand bij mijn logeerplek.",
            "of": {"code": "child"},
            "seenBy": "Drie maanden achter elkaar gelukt, zegt hij zelf en zeggen zijn ouders.",
            "horizon": "zes maanden",
            "realisticBecause": "Het ging eerder goed toen er één vaste begeleider was.",
            "lines": ["A", "B"],
        },
        {
            "number": 2,
            "text": "Hij gaat vier ochtenden in de week naar school.",
            "of": {"code": "parent"},
            "seenBy": "Het rooster van school.",
            "horizon": "drie maanden",
            "realisticBecause": "De school maakt een rustige plek en hij wil zelf.",
            "lines": ["C"],
        },
    ],
    "contactPerson": {
        "name": "Farida el Amrani",
        "organisation": "Wijkteam Almere Haven (fictief)",
        "reachableAt": "036 000 00 00",
    },
    "checksOn": ["2030-05-03", "2030-07-05"],
    "agreement": [
        {"name": "Hanneke Vos", "relationToCase": {"code": "none"}, "agrees": True},
        {"name": "Sander Kuipers", "relationToCase": {"code": "own_provider_addressed"}, "agrees": True},
        {"name": "Aylin Demir", "relationToCase": {"code": "none"}, "agrees": False},
    ],
    "dissent": [{"name": "Aylin Demir", "view": "Ik zou de behandeling eerder laten beginnen dan de school."}],
    "familyStatement": "Wij vinden het goed zo. Het belangrijkste is dat de behandelaar blijft.",
    "childVersion": "Je blijft thuis wonen. Er komt iemand die je helpt en die blijft. Soms logeer je ergens anders.",
}

AT_THE_TABLE: dict[str, dict[str, Any]] = {
    "table@1": {
        "heldOn": "2025-03-12",
        "members": [
            {
                "role": {"code": "chair"},
                "name": "Willem Hoekstra",
                "organisation": "Expertteam Flevoland (fictief)",
                "relationToCase": {"code": "none"},
            },
            {
                "role": {"code": "behavioural_scientist"},
                "name": "Hanneke Vos",
                "organisation": "Centrum Waterkant (fictief)",
                "relationToCase": {"code": "none"},
            },
            {
                "role": {"code": "expert"},
                "name": "Sander Kuipers",
                "organisation": "Jeugdhulp De Linde (fictief)",
                "relationToCase": {"code": "refused_before"},
            },
            {
                "role": {"code": "expert_by_experience"},
                "name": "Aylin Demir",
                "relationToCase": {"code": "none"},
            },
        ],
        "participation": [
            {
                "who": {"code": "child"},
                "how": {"code": "heard_before"},
                "ownWords": "Ik wil dat iemand blijft. En ik wil naar mijn eigen school.",
            },
            {"who": {"code": "parent"}, "how": {"code": "present"}},
            {
                "who": {"code": "parent_without_authority"},
                "how": {"code": "not_possible"},
                "whyNot": "Vader vaart; hij leest het verslag en belt daarna.",
            },
        ],
    },
    "analysis@1": {
        "items": [
            {
                "kind": {"code": "observation"},
                "topic": {"code": "what_is_going_on"},
                "text": "Hij trekt zich terug zodra er een nieuw gezicht is.",
                "source": "begeleider dagbehandeling",
            },
            {
                "kind": {"code": "fact"},
                "topic": {"code": "maintaining_factor"},
                "text": "Zes begeleiders in veertien maanden.",
                "source": "overzicht van het wijkteam",
            },
            {
                "kind": {"code": "opinion"},
                "topic": {"code": "protective_factor"},
                "text": "Met zijn oom erbij lukt bijna alles.",
                "source": "moeder",
            },
        ],
        "systemCauses": [{"code": "compartments"}, {"code": "missing_care"}],
        "options": [
            {
                "kind": {"code": "at_home_with_more_help"},
                "text": "Thuis, met één behandelaar die blijft en een vaste logeerplek.",
                "chosen": True,
                "reason": "Dit wil hij zelf, en het sluit aan bij wat eerder goed ging.",
            },
            {
                "kind": {"code": "no_youth_help"},
                "text": "Alleen hulp van school en familie.",
                "chosen": False,
                "reason": "De oom en de school willen veel doen, maar kunnen dit niet alleen dragen.",
            },
            {
                "kind": {"code": "stay_with_treatment"},
                "text": "Verblijf in een behandelgroep.",
                "chosen": False,
                "reason": "Weer andere gezichten is precies wat het in stand houdt.",
            },
        ],
        "proposesRemoval": False,
        "proposesClosedStay": False,
        "alternativesToRemoval": [
            {"alternative": {"code": "intensive_help_at_home"}, "answer": "Dit is waar we voor kiezen."},
            {"alternative": {"code": "household_or_money_help"}, "answer": "Moeder krijgt al hulp met de post."},
        ],
        "dissentAsked": True,
        "dissent": [{"name": "Aylin Demir", "view": "Begin met behandeling, daarna pas met school."}],
    },
    "comment@1": {
        "by": {"code": "parent"},
        "about": "Zes begeleiders in veertien maanden",
        "comment": "Het waren er zeven: in de zomer was er ook nog een invaller.",
    },
    "gap@1": {
        "domain": {"code": "living"},
        "function": {"code": "family_admission"},
        "missing": "Een plek waar moeder en de twee jongsten samen kunnen worden opgenomen, dicht bij school.",
        "instead": "Een team aan huis, vier avonden in de week.",
    },
    "advice@1": ADVICE,
    "advice_revision@1": ADVICE
    | {
        "reason": "De school begint toch eerder; de rest van het advies blijft staan.",
        "whatIsNew": "Regel C begint twee weken eerder.",
    },
    "reconsideration_request@1": {
        "ground": {"code": "new_facts"},
        "whatChanged": "Zijn vader is weer in beeld en wil de weekenden voor hem zorgen.",
        "wished": "Kijk opnieuw of een logeerplek nog nodig is.",
        "askedBy": {"code": "parent"},
    },
    "reconsideration_start@1": {
        "chairId": "9e0d6c0a-4c3e-4a55-8a45-2b9f6f3a3004",
        "outsideExpert": {
            "name": "Nadia Haddad",
            "organisation": "Academische werkplaats (fictief)",
            "relationToCase": {"code": "none"},
        },
        "plannedOn": "2030-03-15",
    },
    "reconsideration_outcome@1": {
        "concludedOn": "2025-06-20",
        "whatWasWeighed": "Met vader erbij zijn de weekenden geregeld; de nachten door de week nog niet.",
        "because": "Het advies blijft passen zolang de nachten onrustig zijn.",
        "toldToFamily": "Verteld aan hem, zijn moeder en zijn vader, samen.",
    },
}
