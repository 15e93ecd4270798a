"""The edges of each workflow, written by hand from practice and not from workflow files.

Never generated from workflows/*.toml: an edge that is removed or added there needs a change here. Numbers such as T7
are those of docs/reference/requirements.md.
"""

from collections.abc import Iterator

START = "start"
# Possible in each open state, which they keep.
EVERYDAY_TRIGGERS = ("amend", "add_note", "reassign")
# On the case itself consent is given and withdrawn at any moment, also after its end: the file can still be read by
# parents and used by a learning table (I20, I22).
CONSENT_TRIGGERS = ("record_consent", "withdraw_consent")

CASE: dict[str, dict[str, str]] = {
    "submitted": {
        "start_triage": "in_triage",  # T3
        "give_consult": "consulted",  # a question is answered in one step
        "refer": "submitted",  # a question becomes a case for the table
        "request_information": "awaiting_information",  # T4
        "propose_transfer": "submitted",  # T7: four eyes
        "transfer": "transferred",  # T7
        "withdraw": "withdrawn",
    },
    "awaiting_information": {
        "supply_information": "in_triage",  # T4
        "proceed_without": "in_triage",  # T4: never rejected for want of information
        "propose_transfer": "awaiting_information",  # T7: four eyes
        "transfer": "transferred",
        "withdraw": "withdrawn",
    },
    "in_triage": {
        "request_information": "awaiting_information",  # T4
        "give_consult": "consulted",  # T5
        "refer": "submitted",
        "schedule": "scheduled",  # T6
        "propose_decline": "in_triage",  # T7: four eyes
        "decline": "declined",  # T7
        "propose_transfer": "in_triage",  # T7: four eyes
        "transfer": "transferred",  # T7
        "record_gap": "in_triage",  # missing help is reported, the case keeps its state
        "ask_network": "in_triage",  # T16: an escalation is a part, the case keeps its state
        "request_escalation": "in_triage",  # T16
        "signal_escalation": "in_triage",  # the liaison's own signal
        "withdraw": "withdrawn",
    },
    "consulted": {
        "confirm_helped": "closed",  # T5
        "ask_for_table": "in_triage",  # T5
        "refer": "submitted",
        "propose_transfer": "consulted",  # T7: four eyes
        "transfer": "transferred",
        "withdraw": "withdrawn",
    },
    "scheduled": {
        "open_table": "in_review",  # T8
        "reschedule": "scheduled",
        "propose_transfer": "scheduled",  # T7: four eyes
        "transfer": "transferred",
        "withdraw": "withdrawn",
    },
    "in_review": {
        "draft_advice": "advice_drafted",  # T9
        "record_gap": "in_review",
        "ask_network": "in_review",  # T16
        "request_escalation": "in_review",  # T16
        "signal_escalation": "in_review",  # the liaison's own signal
        "withdraw": "withdrawn",
    },
    "advice_drafted": {
        "comment": "advice_drafted",
        "return_to_review": "in_review",
        "issue_advice": "advice_issued",  # T10
        "record_gap": "advice_drafted",
        "ask_network": "advice_drafted",  # T16
        "request_escalation": "advice_drafted",  # T16
        "signal_escalation": "advice_drafted",  # the liaison's own signal
        "withdraw": "withdrawn",
    },
    "advice_issued": {
        "start_arranging": "arranging_placement",
        "revise_advice": "advice_issued",  # I13
        "seek_placement": "advice_issued",
        "record_gap": "advice_issued",
        "ask_network": "advice_issued",  # T16
        "request_escalation": "advice_issued",  # T16
        "signal_escalation": "advice_issued",  # the liaison's own signal
        "request_reconsideration": "advice_issued",  # T18: running help goes on
        "withdraw": "withdrawn",
    },
    "arranging_placement": {
        "report_help_started": "help_started",  # T13
        "return_to_table": "scheduled",  # 5.2: after three months the table again
        "revise_advice": "arranging_placement",
        "seek_placement": "arranging_placement",
        "record_gap": "arranging_placement",
        "ask_network": "arranging_placement",  # T16
        "request_escalation": "arranging_placement",  # T16
        "signal_escalation": "arranging_placement",  # the liaison's own signal
        "request_reconsideration": "arranging_placement",  # T18: running help goes on
        "withdraw": "withdrawn",
    },
    "help_started": {
        "start_monitoring": "monitored",  # T14
        "plan_check": "help_started",
        "resume_arranging": "arranging_placement",
        "revise_advice": "help_started",
        "seek_placement": "help_started",
        "record_gap": "help_started",
        "ask_network": "help_started",  # T16
        "request_escalation": "help_started",  # T16
        "signal_escalation": "help_started",  # the liaison's own signal
        "request_reconsideration": "help_started",  # T18: running help goes on
        "withdraw": "withdrawn",
    },
    "monitored": {
        "plan_check": "monitored",  # T15: a check is a part of its own
        "close": "closed",  # T19
        "resume_arranging": "arranging_placement",
        "revise_advice": "monitored",
        "seek_placement": "monitored",
        "record_gap": "monitored",
        "ask_network": "monitored",  # T16
        "request_escalation": "monitored",  # T16
        "signal_escalation": "monitored",  # the liaison's own signal
        "request_reconsideration": "monitored",  # T18: running help goes on
        "withdraw": "withdrawn",
    },
    "closed": {"reopen": "in_triage"},  # T20
    "declined": {"reopen": "in_triage"},
    "withdrawn": {"reopen": "in_triage"},
    "transferred": {},
}

COMMITMENT: dict[str, dict[str, str]] = {
    "requested": {"accept": "accepted", "refuse": "refused", "replace": "ended"},  # T11
    "refused": {"ask_again": "requested", "replace": "ended"},  # T11: a refusal ends nothing
    "accepted": {"start_help": "running", "refuse": "refused", "replace": "ended"},
    "running": {"report_progress": "running", "end_help": "ended"},
    "ended": {"reopen": "requested"},
}
for _state in ("requested", "refused", "accepted", "running"):
    COMMITMENT[_state]["request_reconsideration"] = _state  # T18: a provider is a party

FUNDING: dict[str, dict[str, str]] = {
    "requested": {"confirm": "confirmed", "dispute": "disputed", "hand_over": "handed_over"},  # T12
    "disputed": {"confirm": "confirmed", "report_obstacle": "disputed", "hand_over": "handed_over"},
    "confirmed": {"reopen": "requested"},
    "handed_over": {"reopen": "requested"},
}
for _state in ("requested", "disputed"):
    FUNDING[_state]["request_reconsideration"] = _state  # T18: a municipality is a party

PLACEMENT: dict[str, dict[str, str]] = {
    "sought": {"agree": "agreed", "end_placement": "ended"},
    "agreed": {"start_stay": "started", "search_again": "sought", "end_placement": "ended"},
    "started": {"confirm_stable": "started", "end_placement": "ended"},
    "ended": {"reopen": "sought"},
}

ESCALATION: dict[str, dict[str, str]] = {
    "network_asked": {"record_network_answer": "answered", "remind": "network_asked", "withdraw": "withdrawn"},  # T17
    "signalled": {"acknowledge": "requested", "escalate": "escalated", "withdraw": "withdrawn"},  # chair informed
    "requested": {"escalate": "escalated", "withdraw": "withdrawn"},  # T16
    "escalated": {  # T17; a second question may stand beside the first
        "escalate": "escalated",
        "record_answer": "answered",
        "remind": "escalated",
        "withdraw": "withdrawn",
    },
    "answered": {"bring_back": "brought_back"},  # T17
    "brought_back": {},
    "withdrawn": {},
}

QUESTION: dict[str, dict[str, str]] = {
    "asked": {"record_answer": "answered", "remind": "asked", "withdraw": "withdrawn"},  # T17
    "answered": {"reopen": "asked"},
    "withdrawn": {},
}

RECONSIDERATION: dict[str, dict[str, str]] = {  # T18
    "requested": {"take_up": "in_reconsideration", "withdraw": "withdrawn"},
    "in_reconsideration": {
        "hand_back": "requested",  # another chair, or an expert after all
        "confirm_advice": "confirmed",
        "conclude_revised": "revised",
        "withdraw": "withdrawn",
    },
    "confirmed": {},
    "revised": {},
    "withdrawn": {},
}

FOLLOW_UP: dict[str, dict[str, str]] = {  # T15
    "planned": {"record_check": "held", "reschedule_check": "planned", "cancel_check": "cancelled"},
    "held": {"reopen": "planned"},
    "cancelled": {"reopen": "planned"},
}

FILE_REQUEST: dict[str, dict[str, str]] = {  # T22
    "received": {
        "grant": "granted",
        "refuse": "refused",
        "postpone": "received",  # two months more at most (GDPR 12.3)
        "withdraw": "withdrawn",
    },
    "granted": {"correct": "granted", "carry_out": "carried_out", "withdraw": "withdrawn"},
    "carried_out": {},
    "refused": {},
    "withdrawn": {},
}

EMERGENCY_ACCESS: dict[str, dict[str, str]] = {  # NEN 7513
    "to_be_reviewed": {"review": "reviewed"},
    "reviewed": {},
}

ENTRY_DESTRUCTION: dict[str, dict[str, str]] = {  # Jeugdwet 7.3.9
    "proposed": {"destroy_content": "destroyed", "withdraw": "withdrawn"},
    "destroyed": {},
    "withdrawn": {},
}

MOVES = {
    "case": CASE,
    "commitment": COMMITMENT,
    "funding": FUNDING,
    "placement": PLACEMENT,
    "escalation": ESCALATION,
    "question": QUESTION,
    "reconsideration": RECONSIDERATION,
    "follow_up": FOLLOW_UP,
    "file_request": FILE_REQUEST,
    "emergency_access": EMERGENCY_ACCESS,
    "entry_destruction": ENTRY_DESTRUCTION,
}
BEGINNINGS = {
    "case": {"submit": "submitted", "ask_consult": "submitted"},
    "commitment": {"issue_advice": "requested", "revise_advice": "requested"},
    "funding": {"issue_advice": "requested", "revise_advice": "requested"},
    "placement": {"seek_placement": "sought"},
    "escalation": {
        "ask_network": "network_asked",
        "request_escalation": "requested",
        "signal_escalation": "signalled",
    },
    "question": {"escalate": "asked"},
    "reconsideration": {"request_reconsideration": "requested"},
    "follow_up": {"start_monitoring": "planned", "plan_check": "planned", "close": "planned"},
    "file_request": {"ask_about_file": "received"},
    "emergency_access": {"take_emergency_access": "to_be_reviewed"},
    "entry_destruction": {"propose_destruction": "proposed"},
}
ENDS = {
    "case": {"closed", "declined", "withdrawn", "transferred"},
    "commitment": {"ended"},
    "funding": {"confirmed", "handed_over"},
    "placement": {"ended"},
    "escalation": {"brought_back", "withdrawn"},
    "question": {"answered", "withdrawn"},
    "reconsideration": {"confirmed", "revised", "withdrawn"},
    "follow_up": {"held", "cancelled"},
    "file_request": {"carried_out", "refused", "withdrawn"},
    "emergency_access": {"reviewed"},
    "entry_destruction": {"destroyed", "withdrawn"},
}


def possible_from(kind: str, state: str) -> dict[str, str]:
    """The triggers of this state. Returns target by trigger."""
    everyday = () if state in ENDS[kind] else EVERYDAY_TRIGGERS
    consents = CONSENT_TRIGGERS if kind == "case" else ()
    return MOVES[kind][state] | dict.fromkeys((*everyday, *consents), state)


def triggers(kind: str) -> set[str]:
    """The triggers that can be fired on an existing part of this kind."""
    return {trigger for state in MOVES[kind] for trigger in possible_from(kind, state)}


def edges(kind: str) -> Iterator[tuple[str, str, str]]:
    """The edges, beginnings included, as (trigger, source, target)."""
    for trigger, target in BEGINNINGS[kind].items():
        yield trigger, START, target
    for state in MOVES[kind]:
        for trigger, target in possible_from(kind, state).items():
            yield trigger, state, target
