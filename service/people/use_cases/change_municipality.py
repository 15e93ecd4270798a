"""New municipalities, and those that move to another region or are dissolved. Cases keep their region (I29)."""

from collections.abc import Iterator
from datetime import date

from service.people.rules.decisions import Effect, MunicipalityChange, NewMunicipality
from service.people.store.regions import Municipality, RegionRegister
from service.people.store.relations import Coverages
from service.people.use_cases.decision_context import DecisionContext
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import require_no_faults
from service.vocabulary.refusals import AlreadyThere


def add_municipality(decision: NewMunicipality, context: DecisionContext) -> Effect:
    """Add a municipality. Raises Invalid, and AlreadyThere for a code that is or was in use."""
    register = RegionRegister(context.transaction)
    if not Coverages(context.transaction).lock(decision.region):
        require_no_faults([Fault("unknown_region", ("region",))])
    if register.known_codes({decision.code}):
        raise AlreadyThere(decision.code)
    register.add_municipality(Municipality(decision.code, decision.name, decision.region))
    return _effect(decision.code, "municipality_added", region=decision.region)


def change_municipality(decision: MunicipalityChange, context: DecisionContext) -> Effect:
    """Change the region of a municipality from a day on, or dissolve it into a successor. Raises Invalid."""
    register = RegionRegister(context.transaction)
    register.lock_changes()
    first = decision.valid_from or context.today
    require_no_faults(_faults(decision, first, context))
    register.add_change(decision.municipality, first, region=decision.region, successor=decision.successor)
    place = {"region": decision.region} if decision.region else {"successor": decision.successor or ""}
    action = "municipality_moved" if decision.region else "municipality_dissolved"
    return _effect(decision.municipality, action, **{"from": first.isoformat()}, **place)


def _faults(decision: MunicipalityChange, first: date, context: DecisionContext) -> Iterator[Fault]:
    register = RegionRegister(context.transaction)
    if first < context.today:
        yield Fault("day_in_past", ("validFrom",))
    if (decision.region is None) == (decision.successor is None):
        yield Fault("region_or_successor", ("region",))
    if decision.region and decision.region not in {region.code for region in register.regions()}:
        yield Fault("unknown_region", ("region",))
    places = (("municipality", decision.municipality), ("successor", decision.successor))
    unknown = [name for name, code in places if code and not register.known_codes({code})]
    yield from (Fault("unknown_municipality", (name,)) for name in unknown)
    successor = decision.successor
    if (
        not unknown
        and successor
        and (successor == decision.municipality or register.is_dissolved_after(successor, first))
    ):
        yield Fault("successor_dissolved", ("successor",))


def _effect(code: str, action: str, **details: str) -> Effect:
    return Effect(action=action, subject_kind="municipality", subject=code, details=details)
