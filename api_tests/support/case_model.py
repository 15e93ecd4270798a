"""A model of one case: its parts, the facts that decide about steps, and the answers that follow from them.

Written from the steps and invariants of docs/reference/requirements.md and the hand-written tables of steps and
roles. It shares no line with the service.
A payer appears as a part with a state, and nowhere else (I2).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.expected_moves import ENDS, possible_from
from api_tests.support.expected_triggers import BY_HAND, ROLE_OF
from service.people.use_cases.demonstration import PEOPLE

Json = dict[str, Any]
ORGANISATION_OF = {person.key: str(ORGANISATION_IDS[person.organisation]) for person in PEOPLE}
ROLES_OF = {person.key: {str(role) for role in person.roles} for person in PEOPLE}
LETTER = {role: letter for letter, role in ROLE_OF.items()}

TEAM_ROLES = {"coordinator", "screener", "chair", "process_director"}
TABLE_ROLES = {"expert", "expert_by_experience"}
ADVISED_STATES = {"advice_issued", "arranging_placement", "help_started", "monitored"}
TABLE_STATES = {"scheduled", "in_review", "advice_drafted", "advice_issued"}
# The kinds of part that are put to an organisation, by the role that answers for them there (I23).
ADDRESSED_KINDS = {
    "provider": {"commitment", "reconsideration"},
    "municipality": {"funding", "reconsideration"},
    "cce_liaison": {"escalation"},
    "expertise_network": {"escalation"},
    "national_support": {"question"},
    "data_protection_officer": {"file_request", "emergency_access", "entry_destruction"},
}
# Parts outside the file: roles that may make a request about it (T22), and that may take emergency access (NEN 7513).
REQUEST_ROLES = {"local_team", "coordinator", "chair", "process_director", "parent", "young_person"}
EMERGENCY_ROLES = {
    *("local_team", "coordinator", "screener", "chair", "process_director", "expert", "provider", "cce_liaison"),
    *("expertise_network", "national_support"),
}
EMERGENCY_DURATION = timedelta(hours=4)

# Parts that begin with a step of the case, independent of its form: kind and advice line.
OPENED_PARTS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "start_monitoring": (("follow_up", None),) * 4,
    "plan_check": (("follow_up", None),),
    "close": (("follow_up", None),),
    "seek_placement": (("placement", "A"),),
    "ask_network": (("escalation", None),),
    "request_escalation": (("escalation", None),),
    "signal_escalation": (("escalation", None),),
}


@dataclass
class ModelPart:
    """A part in its present state. `put_to`: an organisation; `began_from`: the id of the part whose step began it."""

    id: str
    kind: str
    state: str
    version: int
    line: str | None = None
    put_to: str | None = None
    began_from: str | None = None
    round: int = 1

    @property
    def is_open(self) -> bool:
        return self.state not in ENDS[self.kind]


@dataclass
class Reconsideration:
    """A reconsideration: the issuer of the advice, the person who asked, an expert from outside or not, the judge."""

    advised_by: str
    requested_by: str
    outside_expert: bool = False
    revised: bool = False
    judge: str | None = None


@dataclass(frozen=True)
class Emergency:
    """Emergency access: the reader, its part, and the moment at which it ends."""

    person: str
    part: ModelPart
    until: datetime


@dataclass
class ModelCase:
    """The facts of one case, as far as they decide about its next steps."""

    id: str
    parts: dict[str, ModelPart]
    now: Callable[[], datetime]
    entries: int = 1
    referred: bool = True
    information_rounds: int = 0
    decline_proposed_by: str | None = None
    transfer_proposed_by: str | None = None
    family_heard: bool = False
    advised_by: str = ""
    advice_lines: set[str] = field(default_factory=set)
    goals_checked: bool = False
    reconsiderations: dict[str, Reconsideration] = field(default_factory=dict)
    new_reconsideration: Reconsideration | None = None
    parts_of_round: set[str] = field(default_factory=set)
    round: int = 1
    emergencies: list[Emergency] = field(default_factory=list)

    @property
    def main(self) -> ModelPart:
        return self.parts[self.id]

    def parts_of(self, kind: str, *states: str) -> list[ModelPart]:
        """The parts of this kind in the present round of the case."""
        parts = (self.parts[part_id] for part_id in self.parts_of_round)
        return [part for part in parts if part.kind == kind and (not states or part.state in states)]

    def open(self, kind: str) -> list[ModelPart]:
        return [part for part in self.parts.values() if part.kind == kind and part.is_open]

    # --- sight (I22, I23, decision 0017) --------------------------------------------------------------------------

    def sees_all(self, person: str) -> bool:
        return self.sees_all_by_right(person) or self.reads_in_an_emergency(person)

    def reads_in_an_emergency(self, person: str) -> bool:
        """True while emergency access is in force: for some hours, and until it is reviewed."""
        accesses = (emergency for emergency in self.emergencies if emergency.person == person)
        return any(access.part.is_open and self.now() < access.until for access in accesses)

    def sees_all_by_right(self, person: str) -> bool:
        roles, organisation = ROLES_OF[person], ORGANISATION_OF[person]
        if organisation == ORGANISATION_OF["esra"]:
            return bool(roles & TEAM_ROLES) or (bool(roles & TABLE_ROLES) and self.main.state in TABLE_STATES)
        if "cce_liaison" in roles:
            return self.main.is_open and any(part.put_to == organisation for part in self.open("escalation"))
        return "local_team" in roles and organisation == ORGANISATION_OF["anna"]

    def sees(self, person: str, part: ModelPart) -> bool:
        return self._sees_by_right(person, part) or self.reads_in_an_emergency(person)

    def _sees_by_right(self, person: str, part: ModelPart) -> bool:
        is_addressed = part.put_to == ORGANISATION_OF[person] and any(
            part.kind in ADDRESSED_KINDS.get(role, ()) for role in ROLES_OF[person]
        )
        return is_addressed or self.sees_all_by_right(person)

    def roles_to_act(self, person: str, part: ModelPart) -> set[str]:
        """The roles in which this person may act on the part. Emergency access allows steps on its own part alone."""
        if any((emergency.person, emergency.part.id) == (person, part.id) for emergency in self.emergencies):
            return ROLES_OF[person] & EMERGENCY_ROLES
        if not self._sees_by_right(person, part):
            return set()
        return {role for role in ROLES_OF[person] if self._may_act_as(role, person, part)}

    def _may_act_as(self, role: str, person: str, part: ModelPart) -> bool:
        if role in TEAM_ROLES | TABLE_ROLES:
            return ORGANISATION_OF[person] == ORGANISATION_OF["esra"]
        if role == "local_team":
            return ORGANISATION_OF[person] == ORGANISATION_OF["anna"]
        if role == "cce_liaison" and part.kind in ("case", "question"):
            return True
        return part.put_to == ORGANISATION_OF[person]

    # --- answers ---------------------------------------------------------------------------------------------------

    def verdict(self, person: str, part: ModelPart, trigger: str, version: int | None) -> tuple[int, str]:
        """Status and code of the answer to a step with a valid form; (201, "") when the step is taken."""
        return next(self._refusals(person, part, trigger, version), (201, ""))

    def _refusals(self, person: str, part: ModelPart, trigger: str, version: int | None) -> Iterator[tuple[int, str]]:
        """Each reason to refuse; the service names the first."""
        if not self.sees(person, part):
            yield 404, "not_found"
        if version is None:
            yield 428, "version_missing"
        if version != part.version:
            yield 412, "stale"
        if trigger not in possible_from(part.kind, part.state):
            yield 409, "transition_not_allowed"
        roles = self.roles_to_act(person, part)
        if part.kind == "reconsideration" and trigger != "withdraw" and self.asked_for_one(person):
            roles -= {"chair"}
        if not {ROLE_OF[letter] for letter in BY_HAND[part.kind][trigger]} & roles:
            yield 403, "role_not_allowed"
        if any(self.unmet_guards(person, part, trigger)):
            yield 409, "guards_not_met"
        if not self.fits_advice(trigger):
            yield 400, "invalid"

    def verdict_outside_file(self, person: str, kind: str) -> tuple[int, str]:
        """Status and code of the answer to a step that begins a part outside the file, in any state of the case."""
        roles = ROLES_OF[person]
        if kind == "emergency_access":
            if not roles & EMERGENCY_ROLES:
                return 403, "not_allowed"
            return (409, "already_in_sight") if self.sees_all(person) else (201, "")
        if not self.sees_all(person):
            return 404, "not_found"
        allowed = roles & REQUEST_ROLES and self.sees_all_by_right(person)
        return (201, "") if allowed else (403, "role_not_allowed")

    def unmet_guards(self, person: str, part: ModelPart, trigger: str) -> Iterator[str]:
        """The guards that are not met, by their names in the domain."""
        match part.kind, trigger:
            case "case", "request_information" if self.information_rounds >= 2:
                yield "T4: two rounds at most"
            case "case", "decline" if self.decline_proposed_by in (None, person):
                yield "T7: four eyes"
            case "case", "transfer" if self.transfer_proposed_by in (None, person):
                yield "T7: four eyes"
            case "case", "refer" if self.referred:
                yield "the case is a referral already"
            case "case", "issue_advice" | "revise_advice" if not self.family_heard:
                yield "I16: child and parents heard"
            case "case", "report_help_started" if not (
                self.parts_of("commitment", "running") or self.parts_of("placement", "started")
            ):
                yield "T13: one line runs"
            case "case", "close":
                yield from self._closing_guards()
            case _, "request_reconsideration":
                if any(ORGANISATION_OF[asker] == ORGANISATION_OF[person] for asker in self._askers()):
                    yield "R61: one at a time for each asker"
            case "escalation", "record_answer" | "withdraw" if self._has_open_question(part):
                yield "an open question is answered or withdrawn first"
            case "commitment" | "placement", "reopen" | "ask_again" | "search_again" if not self.main.is_open:
                yield "T20: the case is reopened first"
            case "question", "reopen" if self.parts[part.began_from or ""].state != "escalated":
                yield "the escalation was concluded"
            case "reconsideration", "withdraw" if (
                ORGANISATION_OF[self.reconsiderations[part.id].requested_by] != ORGANISATION_OF[person]
            ):
                yield "R61: another organisation asked for it"
            case "reconsideration", "confirm_advice" | "conclude_revised":
                yield from self._conclusion_guards(person, part, trigger)
            case _:
                pass

    def _closing_guards(self) -> Iterator[str]:
        if not self.goals_checked:
            yield "T15: the goals were checked"
        if self.parts_of("commitment", "requested", "refused") or self.parts_of("placement", "sought"):
            yield "T19: nothing open without an owner"
        if self.open("escalation") or self.open("question"):
            yield "an escalation is open"
        if self.open("reconsideration"):
            yield "a reconsideration is open"

    def asked_for_one(self, person: str) -> bool:
        """True while a reconsideration is open that this person asked for (R61)."""
        return person in self._askers()

    def _askers(self) -> set[str]:
        return {self.reconsiderations[part.id].requested_by for part in self.open("reconsideration")}

    def _has_open_question(self, escalation: ModelPart) -> bool:
        return any(question.began_from == escalation.id for question in self.open("question"))

    def _conclusion_guards(self, person: str, part: ModelPart, trigger: str) -> Iterator[str]:
        current = self.reconsiderations[part.id]
        if current.advised_by == person and not current.outside_expert:
            yield "I15: not the only one"
        if trigger == "conclude_revised" and not current.revised:
            yield "I13: a new version first"

    def fits_advice(self, trigger: str) -> bool:
        """True when the example of the form, which names lines A, B and C, fits the advice in force."""
        needed = {"seek_placement": {"A"}, "report_help_started": {"B"}, "start_monitoring": {"A", "B", "C"}}
        return needed.get(trigger, set()) <= self.advice_lines

    # --- effects of a step -------------------------------------------------------------------------------------------

    def take(self, person: str, part: ModelPart, trigger: str, form: Json) -> list[tuple[str, str | None]]:
        """Take the step. Returns (kind, advice line) of each part that must begin with it."""
        target = possible_from(part.kind, part.state)[trigger]
        moved = target != part.state
        part.state, part.version = target, part.version + 1
        self.entries += 1
        if part.kind == "case":
            begun = self._after_case(person, trigger, moved, form)
        else:
            self.parts_of_round.add(part.id)
            if part.kind == "reconsideration":
                self._after_reconsideration(person, part, trigger, form)
            begun = self._after_part(person, trigger)
        self.entries += len(begun)
        return begun

    def begin(self, opened: Json, began_from: ModelPart, put_to: str | None) -> None:
        part = ModelPart(
            opened["id"], opened["kind"], opened["state"], 1, opened["line"], put_to, began_from.id, self.round
        )
        self.parts[part.id] = part
        self.parts_of_round.add(part.id)
        if part.kind == "reconsideration" and self.new_reconsideration:
            self.reconsiderations[part.id] = self.new_reconsideration

    def begin_outside_file(self, person: str, entry: Json) -> ModelPart:
        """Begin a request about the file or an emergency access; the officer of the team sees it."""
        id_, kind, state = entry["partId"], entry["partKind"], entry["target"]
        part = ModelPart(id_, kind, state, 1, put_to=ORGANISATION_OF["esra"])
        self.parts[id_] = part
        self.entries += 1
        if kind == "emergency_access":
            self.emergencies.append(Emergency(person, part, self.now() + EMERGENCY_DURATION))
        return part

    def _after_case(self, person: str, trigger: str, moved: bool, form: Json) -> list[tuple[str, str | None]]:
        if moved:
            self.decline_proposed_by = self.transfer_proposed_by = None
        match trigger:
            case "request_information":
                self.information_rounds += 1
            case "propose_decline":
                self.decline_proposed_by = person
            case "propose_transfer":
                self.transfer_proposed_by = person
            case "open_table":
                self.family_heard = True
            case "reopen" | "return_to_table":
                self._begin_round()
            case "start_monitoring":
                self.goals_checked = False
            case "issue_advice" | "revise_advice":
                return self._issue_advice(person, form)
            case "request_reconsideration":
                return self._begin_reconsideration(person)
            case _:
                pass
        return list(OPENED_PARTS.get(trigger, ()))

    def _issue_advice(self, person: str, form: Json) -> list[tuple[str, str | None]]:
        lines = {line["key"]: line.get("payerId") for line in form["lines"]}
        open_lines = {part.line for part in self.parts_of("commitment")}
        fundings = [part for part in self.parts.values() if part.kind == "funding"]
        # The payer of help that continues stays, also when it was settled in an earlier round.
        payers = {
            (funding.line, funding.put_to)
            for funding in fundings
            if funding.round == self.round or funding.line in self.advice_lines
        }
        begun: list[tuple[str, str | None]] = [("commitment", line) for line in lines if line not in open_lines]
        begun += [("funding", line) for line, payer in lines.items() if (line, payer or PAYER) not in payers]
        self.advice_lines |= set(lines)
        self.advised_by, self.goals_checked = person, False
        for reconsideration in self.reconsiderations.values():
            reconsideration.revised = True
        return begun

    def _begin_round(self) -> None:
        """Begin a new triage, table and hearing. Help that continues keeps its line."""
        open_parts = {part.id for part in self.parts.values() if part.is_open and part.kind != "case"}
        self.parts_of_round &= open_parts
        self.round += 1
        self.advice_lines = {commitment.line for commitment in self.parts_of("commitment") if commitment.line}
        self.information_rounds, self.family_heard, self.goals_checked = 0, False, False

    def _begin_reconsideration(self, person: str) -> list[tuple[str, str | None]]:
        self.new_reconsideration = Reconsideration(self.advised_by, person)
        return [("reconsideration", None)]

    def _after_reconsideration(self, person: str, part: ModelPart, trigger: str, form: Json) -> None:
        """Requests that one chair took up have one outcome, as far as it is possible for each (R61)."""
        current = self.reconsiderations[part.id]
        match trigger:
            case "take_up":
                current.outside_expert = bool(form.get("outsideExpert"))
                current.judge = form.get("chairId") or current.judge
            case "reassign":
                current.judge = form.get("assigneeId")
            case "hand_back":
                current.judge = None
            case "confirm_advice" | "conclude_revised" if current.judge:
                for joined in self.open("reconsideration"):
                    if (
                        joined.state == "in_reconsideration"
                        and self.reconsiderations[joined.id].judge == current.judge
                        and not any(self.unmet_guards(person, joined, trigger))
                    ):
                        joined.state, joined.version = part.state, joined.version + 1
                        self.parts_of_round.add(joined.id)
                        self.entries += 1

    def _after_part(self, person: str, trigger: str) -> list[tuple[str, str | None]]:
        if trigger == "request_reconsideration":
            return self._begin_reconsideration(person)
        if trigger == "record_check":
            self.goals_checked = True
        return [("question", None)] if trigger == "escalate" else []


# The municipality that the referral's residence leads to: Haarlem's.
PAYER = str(ORGANISATION_IDS["gemeente-haarlem"])


def put_to(kind: str, line: str | None, person: str, trigger: str, form: Json) -> str | None:
    """The id of the organisation to which a part that begins is put."""
    match kind:
        case "commitment":
            return _line(form, line).get("providerId")
        case "funding":
            return _line(form, line).get("payerId") or PAYER
        case "escalation":
            return str(ORGANISATION_IDS["ben-noord" if trigger == "ask_network" else "cce"])
        case "question":
            return str(form["organisationId"])
        case "reconsideration":
            return ORGANISATION_OF[person] if ROLES_OF[person] & {"provider", "municipality"} else None
        case _:
            return None


def _line(form: Json, key: str | None) -> Json:
    advice_line: Json = next(line for line in form["lines"] if line["key"] == key)
    return advice_line
