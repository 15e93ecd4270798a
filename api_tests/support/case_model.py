"""A case as plain people would keep it on paper: its parts, what was said in it, and from that what must be answered.

Written from domain.md 5.3 and 5.5 and the hand-written tables of steps and roles; it shares no line with the service.
Who pays stands in it as a part with a state, and nowhere else (I2).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.expected_moves import ENDS, possible_from
from api_tests.support.expected_triggers import BY_HAND, ROLE_OF
from service.people.use_cases.demonstration import PEOPLE

Json = dict[str, Any]
ORGANISATION_OF = {it.key: str(ORGANISATION_IDS[it.organisation]) for it in PEOPLE}
ROLES_OF = {it.key: {str(role) for role in it.roles} for it in PEOPLE}
LETTER = {role: letter for letter, role in ROLE_OF.items()}

TEAM = {"coordinator", "screener", "chair", "process_director"}
TABLE = {"expert", "expert_by_experience"}
ADVISED = {"advice_issued", "arranging_placement", "help_started", "monitored"}
AT_THE_TABLE = {"scheduled", "in_review", "advice_drafted", "advice_issued"}
# What is put to an organisation, by the role that answers for it there (I23).
PUT_TO = {
    "provider": {"commitment", "reconsideration"},
    "municipality": {"funding", "reconsideration"},
    "cce_liaison": {"escalation"},
    "expertise_network": {"escalation"},
    "national_support": {"question"},
    "data_protection_officer": {"file_request", "emergency_access"},
}
# What begins beside the file: who may ask about it (T22), and who may have to read it in an emergency (NEN 7513).
ASKS = {"local_team", "coordinator", "chair", "process_director", "parent", "young_person"}
READS_IN_AN_EMERGENCY = {
    *("local_team", "coordinator", "screener", "chair", "process_director", "expert", "provider", "cce_liaison"),
    *("expertise_network", "national_support"),
}
HOURS = timedelta(hours=4)

# Parts that begin with a step of the case, whatever its form says: kind and advice line.
OPENS: dict[str, tuple[tuple[str, str | None], ...]] = {
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
    """A part as it stands: `put_to` is an organisation, `began_from` the part whose step began it."""

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
class Looking:
    """A reconsideration: who had issued the advice, who asked, whether somebody from outside looks along."""

    advised_by: str
    asked_by: str
    from_outside: bool = False
    revised: bool = False


@dataclass(frozen=True)
class Emergency:
    """Who reads the case in an emergency, the part that tells of it, and until when."""

    person: str
    part: ModelPart
    until: datetime


@dataclass
class ModelCase:
    """What one case has been through, as far as it decides what may happen next."""

    id: str
    parts: dict[str, ModelPart]
    now: Callable[[], datetime]
    entries: int = 1
    referred: bool = True
    rounds: int = 0
    declining: str | None = None
    transferring: str | None = None
    heard: bool = False
    advised_by: str = ""
    lines: set[str] = field(default_factory=set)
    checked: bool = False
    looking: Looking | None = None
    this_round: set[str] = field(default_factory=set)
    round: int = 1
    emergencies: list[Emergency] = field(default_factory=list)

    @property
    def main(self) -> ModelPart:
        return self.parts[self.id]

    def of(self, kind: str, *states: str) -> list[ModelPart]:
        """The parts of this kind in this round of the case."""
        mine = (self.parts[it] for it in self.this_round)
        return [it for it in mine if it.kind == kind and (not states or it.state in states)]

    def open(self, kind: str) -> list[ModelPart]:
        return [part for part in self.parts.values() if part.kind == kind and part.is_open]

    # --- who sees what (I22, I23, decision 14) -----------------------------------------------------------------------

    def sees_all(self, person: str) -> bool:
        return self.sees_all_by_right(person) or self.reads_in_an_emergency(person)

    def reads_in_an_emergency(self, person: str) -> bool:
        """For some hours, and no longer than until somebody looked into it."""
        mine = (emergency for emergency in self.emergencies if emergency.person == person)
        return any(it.part.is_open and self.now() < it.until for it in mine)

    def sees_all_by_right(self, person: str) -> bool:
        roles, mine = ROLES_OF[person], ORGANISATION_OF[person]
        if mine == ORGANISATION_OF["esra"]:
            return bool(roles & TEAM) or (bool(roles & TABLE) and self.main.state in AT_THE_TABLE)
        if "cce_liaison" in roles:
            return self.main.is_open and any(it.put_to == mine for it in self.open("escalation"))
        return "local_team" in roles and mine == ORGANISATION_OF["anna"]

    def sees(self, person: str, part: ModelPart) -> bool:
        return self._sees_by_right(person, part) or self.reads_in_an_emergency(person)

    def _sees_by_right(self, person: str, part: ModelPart) -> bool:
        put_to_them = part.put_to == ORGANISATION_OF[person] and any(
            part.kind in PUT_TO.get(role, ()) for role in ROLES_OF[person]
        )
        return put_to_them or self.sees_all_by_right(person)

    def has_a_say(self, person: str, part: ModelPart) -> set[str]:
        """The roles in which this person may act on this part: an emergency gives a say in nothing but itself."""
        if any((emergency.person, emergency.part.id) == (person, part.id) for emergency in self.emergencies):
            return ROLES_OF[person] & READS_IN_AN_EMERGENCY
        if not self._sees_by_right(person, part):
            return set()
        return {role for role in ROLES_OF[person] if self._speaks(role, person, part)}

    def _speaks(self, role: str, person: str, part: ModelPart) -> bool:
        if role in TEAM | TABLE:
            return ORGANISATION_OF[person] == ORGANISATION_OF["esra"]
        if role == "local_team":
            return ORGANISATION_OF[person] == ORGANISATION_OF["anna"]
        if role == "cce_liaison" and part.kind in ("case", "question"):
            return True
        return part.put_to == ORGANISATION_OF[person]

    # --- what is answered ------------------------------------------------------------------------------------------

    def verdict(self, person: str, part: ModelPart, trigger: str, version: int | None) -> tuple[int, str]:
        """Status and code of the answer to a step with a sound form; (201, "") when it is made."""
        return next(self._refusals(person, part, trigger, version), (201, ""))

    def _refusals(self, person: str, part: ModelPart, trigger: str, version: int | None) -> Iterator[tuple[int, str]]:
        """Every reason why not, the one that is told first."""
        if not self.sees(person, part):
            yield 404, "not_found"
        if version is None:
            yield 428, "version_missing"
        if version != part.version:
            yield 412, "stale"
        if trigger not in possible_from(part.kind, part.state):
            yield 409, "transition_not_allowed"
        if not {ROLE_OF[letter] for letter in BY_HAND[part.kind][trigger]} & self.has_a_say(person, part):
            yield 403, "role_not_allowed"
        if any(self.unmet(person, part, trigger)):
            yield 409, "guards_not_met"
        if not self.fits(trigger):
            yield 400, "invalid"

    def verdict_beside(self, person: str, kind: str) -> tuple[int, str]:
        """The same for what begins beside the file, in any state of the case."""
        roles = ROLES_OF[person]
        if kind == "emergency_access":
            if not roles & READS_IN_AN_EMERGENCY:
                return 403, "not_allowed"
            return (409, "already_in_sight") if self.sees_all(person) else (201, "")
        if not self.sees_all(person):
            return 404, "not_found"
        may = roles & ASKS and self.sees_all_by_right(person)
        return (201, "") if may else (403, "role_not_allowed")

    def unmet(self, person: str, part: ModelPart, trigger: str) -> Iterator[str]:
        """What must be done first, by its name in the domain."""
        match part.kind, trigger:
            case "case", "request_information" if self.rounds >= 2:
                yield "T4: two rounds at most"
            case "case", "decline" if self.declining in (None, person):
                yield "T7: four eyes"
            case "case", "transfer" if self.transferring in (None, person):
                yield "T7: four eyes"
            case "case", "refer" if self.referred:
                yield "it is a referral already"
            case "case", "issue_advice" | "revise_advice" if not self.heard:
                yield "I16: child and parents heard"
            case "case", "report_help_started" if not (
                self.of("commitment", "running") or self.of("placement", "started")
            ):
                yield "T13: one line runs"
            case "case", "close":
                yield from self._open_ends()
            case _, "request_reconsideration":
                yield from self._no_second_look()
            case "escalation", "record_answer" | "withdraw" if self._asks(part):
                yield "whoever was asked is heard first"
            case "question", "reopen" if self.parts[part.began_from or ""].state != "escalated":
                yield "the escalation was concluded"
            case "reconsideration", "withdraw" if self.looking and self.looking.asked_by != ORGANISATION_OF[person]:
                yield "R61: another asked it"
            case "reconsideration", "confirm_advice" | "conclude_revised":
                yield from self._not_alone(person, trigger)
            case _:
                pass

    def _open_ends(self) -> Iterator[str]:
        if not self.checked:
            yield "T15: the goals were checked"
        if self.of("commitment", "requested", "refused") or self.of("placement", "sought"):
            yield "T19: nothing open without an owner"
        if self.open("escalation") or self.open("question"):
            yield "an escalation is open"
        if self.open("reconsideration"):
            yield "a reconsideration is open"

    def _no_second_look(self) -> Iterator[str]:
        if self.open("reconsideration"):
            yield "one at a time"
        if self.main.state not in ADVISED:
            yield "there is an advice to reconsider"

    def _asks(self, escalation: ModelPart) -> bool:
        return any(it.began_from == escalation.id for it in self.open("question"))

    def _not_alone(self, person: str, trigger: str) -> Iterator[str]:
        if self.looking and self.looking.advised_by == person and not self.looking.from_outside:
            yield "I15: not the only one"
        if trigger == "conclude_revised" and self.looking and not self.looking.revised:
            yield "I13: a new version first"

    def fits(self, trigger: str) -> bool:
        """Whether the example of the form, which speaks of lines A, B and C, fits the advice that holds now."""
        needed = {"seek_placement": {"A"}, "report_help_started": {"B"}, "start_monitoring": {"A", "B", "C"}}
        return needed.get(trigger, set()) <= self.lines

    # --- what a step leaves behind -----------------------------------------------------------------------------------

    def take(self, person: str, part: ModelPart, trigger: str, form: Json) -> list[tuple[str, str | None]]:
        """Take the step; the kinds and lines of the parts that must begin with it."""
        target = possible_from(part.kind, part.state)[trigger]
        moved = target != part.state
        part.state, part.version = target, part.version + 1
        self.entries += 1
        if part.kind == "case":
            begun = self._after_case(person, trigger, moved, form)
        else:
            self.this_round.add(part.id)
            begun = self._after_part(person, trigger, form)
        self.entries += len(begun)
        return begun

    def begin(self, opened: Json, began_from: ModelPart, put_to: str | None) -> None:
        part = ModelPart(
            opened["id"], opened["kind"], opened["state"], 1, opened["line"], put_to, began_from.id, self.round
        )
        self.parts[part.id] = part
        self.this_round.add(part.id)

    def begin_beside(self, person: str, made: Json) -> ModelPart:
        """A request about the file or an emergency: put to the case's own team, where the officer sees it."""
        id_, kind, state = made["partId"], made["partKind"], made["target"]
        part = ModelPart(id_, kind, state, 1, put_to=ORGANISATION_OF["esra"])
        self.parts[id_] = part
        self.entries += 1
        if kind == "emergency_access":
            self.emergencies.append(Emergency(person, part, self.now() + HOURS))
        return part

    def _after_case(self, person: str, trigger: str, moved: bool, form: Json) -> list[tuple[str, str | None]]:
        if moved:
            self.declining = self.transferring = None
        match trigger:
            case "request_information":
                self.rounds += 1
            case "propose_decline":
                self.declining = person
            case "propose_transfer":
                self.transferring = person
            case "open_table":
                self.heard = True
            case "reopen" | "return_to_table":
                self._second_round()
            case "start_monitoring":
                self.checked = False
            case "issue_advice" | "revise_advice":
                return self._advised(person, form)
            case "request_reconsideration":
                return self._looked_at(person)
            case _:
                pass
        return list(OPENS.get(trigger, ()))

    def _advised(self, person: str, form: Json) -> list[tuple[str, str | None]]:
        lines = {line["key"]: line.get("payerId") for line in form["lines"]}
        asked = {it.line for it in self.of("commitment")}
        fundings = [part for part in self.parts.values() if part.kind == "funding"]
        # Help that went on is paid for as it was, also when that was settled in an earlier round.
        paying = {
            (funding.line, funding.put_to)
            for funding in fundings
            if funding.round == self.round or funding.line in self.lines
        }
        begun: list[tuple[str, str | None]] = [("commitment", line) for line in lines if line not in asked]
        begun += [("funding", line) for line, payer in lines.items() if (line, payer or PAYER) not in paying]
        self.lines |= set(lines)
        self.advised_by, self.checked = person, False
        if self.looking:
            self.looking.revised = True
        return begun

    def _second_round(self) -> None:
        """A new triage, table and hearing; help that goes on keeps its line."""
        going_on = {part.id for part in self.parts.values() if part.is_open and part.kind != "case"}
        self.this_round &= going_on
        self.round += 1
        self.lines = {it.line for it in self.of("commitment") if it.line}
        self.rounds, self.heard, self.checked = 0, False, False

    def _looked_at(self, person: str) -> list[tuple[str, str | None]]:
        self.looking = Looking(self.advised_by, ORGANISATION_OF[person])
        return [("reconsideration", None)]

    def _after_part(self, person: str, trigger: str, form: Json) -> list[tuple[str, str | None]]:
        if trigger == "request_reconsideration":
            return self._looked_at(person)
        if trigger == "take_up" and self.looking:
            self.looking = replace(self.looking, from_outside=bool(form.get("outsideExpert")))
        if trigger == "record_check":
            self.checked = True
        return [("question", None)] if trigger == "escalate" else []


# The municipality that the referral's residence leads to: Haarlem's (domain.md 2.7).
PAYER = str(ORGANISATION_IDS["gemeente-haarlem"])


def put_to(kind: str, line: str | None, person: str, trigger: str, form: Json) -> str | None:
    """Whom a part that begins is put to."""
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
    found: Json = next(line for line in form["lines"] if line["key"] == key)
    return found
