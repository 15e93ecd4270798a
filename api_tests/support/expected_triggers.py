"""The roles that may take each step, written by hand from practice and not from workflow files.

Each letter is a role. A step is refused to each role that it does not name. A comment gives the reason where the table
of the field says less than a reader expects.
"""

ROLE_OF: dict[str, str] = {
    "L": "local_team",
    "C": "coordinator",
    "S": "screener",
    "V": "chair",
    "E": "expert",
    "X": "expert_by_experience",
    "P": "process_director",
    "A": "provider",
    "G": "municipality",
    "N": "cce_liaison",
    "B": "expertise_network",
    "K": "national_support",
    "D": "data_protection_officer",
}
PERSON_OF: dict[str, str] = {
    "L": "anna",
    "C": "carla",
    "S": "daan",
    "V": "esra",
    "E": "floor",
    "X": "gijs",
    "P": "hanna",
    "A": "ivo",
    "G": "karim",
    "N": "mila",
    "B": "sara",
    "K": "tom",
    "D": "quint",
}
# People without a part in the case, who neither submitted it nor are addressed in it: the chair of another region, the
# facilitator, the administrator, the CCE where the national support structure is asked, a parent, a young person.
OUTSIDERS = ("petra", "noor", "roos", "ulla", "wilma", "yara")

BY_HAND: dict[str, dict[str, str]] = {
    "case": {
        "start_triage": "C",  # T3
        "request_information": "CS",  # T4
        "supply_information": "L",
        "proceed_without": "CS",
        "give_consult": "SVC",  # T5; triage is decided by screener or chair (5.2), a question is answered by all three
        "refer": "LC",  # the person who asked; or the coordinator, who types it with a family on the telephone
        "record_consent": "LCVP",  # I20: each role that hears it from the family
        "withdraw_consent": "LCVP",
        "confirm_helped": "L",
        "ask_for_table": "L",
        "propose_decline": "S",  # T7: four eyes, the screener's ...
        "decline": "V",  # ... and the chair's
        "propose_transfer": "SC",  # T7: four eyes as well ...
        "transfer": "VC",  # ... a case may have come to the wrong desk
        "withdraw": "L",
        "schedule": "SV",  # T6
        "reschedule": "CV",
        "open_table": "VC",  # T8; the coordinator keeps the minutes
        "draft_advice": "V",  # T9
        "comment": "LCEX",  # local team and coordinator also for the family
        "return_to_review": "V",
        "issue_advice": "V",  # T10
        "revise_advice": "V",
        "start_arranging": "PV",
        "seek_placement": "PV",
        "record_gap": "SVP",  # triage, advice and arranging meet missing help (2.1, 2.2)
        "return_to_table": "VP",  # 5.2: after three months the table again
        "report_help_started": "PL",  # T13: the case director is the local team's
        "resume_arranging": "PV",
        "ask_network": "V",  # T16
        "request_escalation": "V",
        "signal_escalation": "N",  # on her own signal; a case that she does not see yet, by its number alone
        "start_monitoring": "P",  # T14
        "plan_check": "PV",  # T15
        "request_reconsideration": "LPV",  # T18: any party; a provider and a municipality from their own part
        "close": "V",  # T19
        "reopen": "LV",  # T20
        "amend": "LCSVP",  # each author of forms may amend them
        "add_note": "LCSVEXPN",  # each role that may read the whole case
        "reassign": "LCSVP",
    },
    "commitment": {
        "accept": "AP",  # T11; the process director for a line without addressee
        "refuse": "A",
        "ask_again": "VP",
        "replace": "VP",
        "start_help": "AP",
        "report_progress": "AP",
        "end_help": "AP",
        "reopen": "PV",
        "request_reconsideration": "A",  # T18
        "amend": "APV",
        "add_note": "APV",
        "reassign": "APV",
    },
    "funding": {
        "confirm": "GP",  # T12
        "dispute": "G",
        "report_obstacle": "GP",
        "hand_over": "GP",  # another payer took it over
        "request_reconsideration": "G",  # T18
        "reopen": "GP",
        "amend": "GPV",
        "add_note": "GPV",
        "reassign": "GPV",
    },
    "placement": {
        "agree": "PL",
        "search_again": "PV",
        "start_stay": "PL",
        "confirm_stable": "PL",
        "end_placement": "PV",
        "reopen": "PV",
        "amend": "PVL",
        "add_note": "PVL",
        "reassign": "PVL",
    },
    "escalation": {
        "acknowledge": "V",  # the chair is told of the liaison's signal
        "escalate": "N",
        "remind": "NPV",
        "record_network_answer": "BPV",  # T17
        "record_answer": "N",
        "bring_back": "VN",
        "withdraw": "V",  # the chair asked
        "amend": "VPNB",
        "add_note": "VPNB",
        "reassign": "VPNB",
    },
    "question": {
        "record_answer": "KN",  # T17: the body that was asked, or the liaison who had it on the telephone
        "remind": "N",
        "withdraw": "NV",
        "reopen": "KN",
        "amend": "KNV",
        "add_note": "KNV",
        "reassign": "KNV",
    },
    "reconsideration": {  # T18
        "take_up": "V",
        "hand_back": "V",
        "confirm_advice": "V",
        "conclude_revised": "V",
        "withdraw": "LAGPV",  # the party that asked, by a guard
        "amend": "VPLAG",
        "add_note": "VPLAG",
        "reassign": "VP",
    },
    "follow_up": {  # T15
        "record_check": "PV",
        "reschedule_check": "PV",
        "cancel_check": "PV",
        "reopen": "PV",
        "amend": "PVL",
        "add_note": "PVL",
        "reassign": "PVL",
    },
    "file_request": {  # T22: the team or the officer decides, and the team carries it out
        "grant": "CVD",
        "refuse": "CVD",
        "postpone": "CVD",
        "correct": "CV",
        "carry_out": "CV",
        "withdraw": "LC",
        "amend": "CVDL",
        "add_note": "CVDL",
        "reassign": "CV",
    },
    "emergency_access": {  # NEN 7513: reviewed by the officer; each role that sees it may add what it knows
        "review": "D",
        "amend": "DLCSVEPANBK",
        "add_note": "DLCSVEPANBK",
        "reassign": "D",
    },
    "entry_destruction": {  # I21: the team proposes, its officer decides
        "destroy_content": "D",
        "withdraw": "CVPD",
        "amend": "CVPD",
        "add_note": "CVPD",
        "reassign": "D",
    },
}

# Steps of a family in a case that it submitted: it tells, consents, asks and withdraws (GEZIN). Steps
# that move the case on or arrange help with others are not asked of a family. They are the same for a parent and a
# young person: once the child is sixteen a parent reads less (I22) and may still speak.
OF_A_FAMILY: dict[str, frozenset[str]] = {
    "case": frozenset(
        {
            *("supply_information", "refer", "record_consent", "withdraw_consent", "confirm_helped", "ask_for_table"),
            *("comment", "request_reconsideration", "withdraw", "reopen", "amend", "add_note"),
        }
    ),
    "reconsideration": frozenset({"withdraw", "amend", "add_note"}),
    "file_request": frozenset({"withdraw", "amend", "add_note"}),
}
