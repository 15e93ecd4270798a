"""What of an advice is for those to whom its lines are put: who delivers, and who pays (I23)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from service.cases.rules.model import Part, Transition

_BARE = ("key", "domain", "productCategory", "latestStartOn", "bridging", "law")
_TO_PAY_FOR = (*_BARE, "duration")
_BESIDE = ("contactPerson", "checksOn", "dissent", "familyStatement", "whyNoFamilyStatement")


def own_part(
    form: Mapping[str, Any], mine: Collection[Part], payers_asked: Mapping[str | None, UUID], *, shared: bool
) -> dict[str, Any]:
    """The lines that were put to the parts `mine`, for a provider with their goals.

    `shared`: sharing with providers was consented to or has a legal ground; without it a line is bare, in codes. What
    is to be paid for has neither aim nor goals. `payers_asked`: by line, the funding part that this version asks.
    """
    to_deliver = _lines_of(form, mine, "commitment", "providerId")
    to_fund = _lines_of(form, mine, "funding", "payerId") | _found_to_pay(form, mine, payers_asked)
    own: dict[str, Any] = {"lines": []}
    for line in form["lines"]:
        if line["key"] in to_deliver and shared:
            own["lines"].append(dict(line))
        elif line["key"] in to_fund:
            own["lines"].append({name: line[name] for name in _TO_PAY_FOR if name in line})
        elif line["key"] in to_deliver:
            own["lines"].append({name: _wordless(line[name]) for name in _BARE if name in line})
    if shared and to_deliver:
        own["goals"] = [_own_goal(it, to_deliver) for it in form["goals"] if _is_of(it, to_deliver)]
        own |= {name: form[name] for name in _BESIDE if name in form}
    return own


def asked_by(version: Transition, history: Iterable[Transition]) -> dict[str | None, UUID]:
    """By line, the funding part that was asked last when this version of the advice was issued."""
    return {
        it.line: it.part_id
        for it in history
        if (it.part_kind, it.part_sequence) == ("funding", 1)
        and (it.sequence < version.sequence or it.cause == version.sequence)
    }


def _lines_of(form: Mapping[str, Any], mine: Collection[Part], kind: str, addressed: str) -> set[str]:
    """The lines of this version that are put to this person's organisation: a later version may name another."""
    asked = {(part.line, str(part.addressee_id)) for part in mine if part.kind == kind}
    return {line["key"] for line in form["lines"] if (line["key"], line.get(addressed)) in asked}


def _found_to_pay(form: Mapping[str, Any], mine: Collection[Part], payers_asked: Mapping[str | None, UUID]) -> set[str]:
    """The lines that name no payer, whose payer the system found here."""
    own = {part.id for part in mine}
    return {line["key"] for line in form["lines"] if not line.get("payerId") and payers_asked.get(line["key"]) in own}


def _wordless(value: Any) -> Any:
    return {"code": value["code"]} if isinstance(value, dict) else value


def _is_of(goal: Mapping[str, Any], lines: Collection[str]) -> bool:
    """A goal of no line in particular is one of all lines."""
    return not goal.get("lines") or not set(goal["lines"]).isdisjoint(lines)


def _own_goal(goal: Mapping[str, Any], lines: Collection[str]) -> dict[str, Any]:
    """Without the other lines that it is a goal of as well: they are put to others."""
    return {**goal, "lines": [key for key in goal.get("lines", ()) if key in lines]}
