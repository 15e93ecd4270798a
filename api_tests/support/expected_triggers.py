"""Who may take which step, written down from what people do in the field (domain.md 5.1, 5.3) and not from the files.

Each letter is a role; a step not named for a role is refused to it. Reasons stand where the table of the field says
less than a reader might expect.
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
# They have no part in a case that they did not submit and of which nothing was put to them: another region's chair, the
# facilitator, the officer, the administrator, the CCE where the national support structure is asked, a parent, a young
# person.
OUTSIDERS = ("petra", "noor", "roos", "ulla", "wilma", "yara")

BY_HAND: dict[str, dict[str, str]] = {
    "case": {
        "start_triage": "C",  # T3
        "request_information": "CS",  # T4
        "supply_information": "L",
        "proceed_without": "CS",
        "give_consult": "SVC",  # T5; triage is decided by screener or chair (5.2), a question is answered by all three
        "refer": "LC",  # who asked; or the coordinator, who types it with a family on the telephone
        "record_consent": "LCVP",  # I20: whoever hears it from the family
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
        "record_gap": "SVP",  # who weighs, advises and arranges meets what is missing (2.1, 2.2)
        "return_to_table": "VP",  # 5.2: after three months the table again
        "report_help_started": "PL",  # T13: the case director is the local team's
        "resume_arranging": "PV",
        "ask_network": "V",  # T16
        "request_escalation": "V",
        "signal_escalation": "N",  # on her own signal; of a case that she does not see yet by its number alone
        "start_monitoring": "P",  # T14
        "plan_check": "PV",  # T15
        "request_reconsideration": "LPV",  # T18: any party; a provider and a municipality from their own part
        "close": "V",  # T19
        "reopen": "LV",  # T20
        "amend": "LCSVP",  # who writes forms may mend them
        "add_note": "LCSVEXPN",  # whoever may read all of it
        "reassign": "LCSVP",
    },
    "commitment": {
        "accept": "AP",  # T11; the process director for what is put to nobody yet
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
        "record_answer": "KN",  # T17: who was asked, or the liaison who had them on the telephone
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
        "withdraw": "LAGPV",  # who asked; the guard sees to that
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
    "file_request": {  # T22: the team decides, or the officer does; what is granted the team carries out
        "grant": "CVD",
        "refuse": "CVD",
        "postpone": "CVD",
        "carry_out": "CV",
        "withdraw": "LC",
        "amend": "CVDL",
        "add_note": "CVDL",
        "reassign": "CV",
    },
    "emergency_access": {  # NEN 7513: looked into by the officer; whoever sees it may say what they know of it
        "review": "D",
        "amend": "DLCSVEPANBK",
        "add_note": "DLCSVEPANBK",
        "reassign": "D",
    },
}

# Of a case that they brought themselves: what they tell, agree to, ask and take back (domain.md 5.1, GEZIN). Moving it
# on, and whatever is arranged with others, is not asked of a family. Parent and young person alike: at sixteen a parent
# reads less (I22) and may still speak.
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
