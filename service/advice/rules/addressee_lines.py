"""The part of an advice that an addressee of its lines may read: the provider or the payer (I23)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from service.cases.rules.model import Part, Transition

_CODED_FIELDS = ("key", "domain", "productCategory", "latestStartOn", "bridging", "law")
_PAYER_FIELDS = (*_CODED_FIELDS, "duration")
_GENERAL_FIELDS = ("contactPerson", "checksOn", "dissent", "familyStatement", "whyNoFamilyStatement")


def addressee_extract(
    form: Mapping[str, Any], parts: Collection[Part], payers_asked: Mapping[str | None, UUID], *, shared: bool
) -> dict[str, Any]:
    """Returns {"lines": [...]} with the lines addressed to the `parts`; for a provider also goals and general fields.

    `shared`: there is consent or a legal ground to share with providers; without it a provider gets its lines in codes
    only. A payer gets neither aim nor goals. `payers_asked`: line -> funding part that this version of the advice asks.
    """
    to_deliver = _lines_of(form, parts, "commitment", "providerId")
    to_fund = _lines_of(form, parts, "funding", "payerId") | _lines_with_payer_found(form, parts, payers_asked)
    extract: dict[str, Any] = {"lines": []}
    for line in form["lines"]:
        if line["key"] in to_deliver and shared:
            extract["lines"].append(dict(line))
        elif line["key"] in to_fund:
            extract["lines"].append({name: line[name] for name in _PAYER_FIELDS if name in line})
        elif line["key"] in to_deliver:
            extract["lines"].append({name: _code_alone(line[name]) for name in _CODED_FIELDS if name in line})
    if shared and to_deliver:
        extract["goals"] = [_limited_goal(goal, to_deliver) for goal in form["goals"] if _concerns(goal, to_deliver)]
        extract |= {name: form[name] for name in _GENERAL_FIELDS if name in form}
    return extract


def payers_asked_by(version: Transition, history: Iterable[Transition]) -> dict[str | None, UUID]:
    """Returns line -> id of the funding part asked last when this version of the advice was issued."""
    return {
        entry.line: entry.part_id
        for entry in history
        if (entry.part_kind, entry.part_sequence) == ("funding", 1)
        and (entry.sequence < version.sequence or entry.cause == version.sequence)
    }


def _lines_of(form: Mapping[str, Any], parts: Collection[Part], kind: str, addressee_field: str) -> set[str]:
    """Returns the lines that this version addresses to the parts' organisation; a later version may name another."""
    addressed = {(part.line, str(part.addressee_id)) for part in parts if part.kind == kind}
    return {line["key"] for line in form["lines"] if (line["key"], line.get(addressee_field)) in addressed}


def _lines_with_payer_found(
    form: Mapping[str, Any], parts: Collection[Part], payers_asked: Mapping[str | None, UUID]
) -> set[str]:
    """Returns the lines without a named payer for which the system found the parts' organisation as payer."""
    part_ids = {part.id for part in parts}
    unnamed = (line["key"] for line in form["lines"] if not line.get("payerId"))
    return {key for key in unnamed if payers_asked.get(key) in part_ids}


def _code_alone(value: Any) -> Any:
    return {"code": value["code"]} if isinstance(value, dict) else value


def _concerns(goal: Mapping[str, Any], lines: Collection[str]) -> bool:
    """A goal without lines is a goal of every line."""
    return not goal.get("lines") or not set(goal["lines"]).isdisjoint(lines)


def _limited_goal(goal: Mapping[str, Any], lines: Collection[str]) -> dict[str, Any]:
    """Returns the goal without the lines of other addressees (I23)."""
    return {**goal, "lines": [key for key in goal.get("lines", ()) if key in lines]}
