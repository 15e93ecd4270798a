"""The woonplaatsbeginsel since 2022 names the provisionally responsible municipality."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cases.rules.residence import provisional_municipality

ALMERE, DRONTEN, LELYSTAD = "GM0034", "GM0303", "GM0995"
MAYBE = st.none() | st.booleans()
PLACE = st.none() | st.sampled_from((ALMERE, DRONTEN, LELYSTAD))


@dataclass(frozen=True)
class Residence:
    """Residence of a child, as far as known."""

    municipality: str | None = None
    address_in_doubt: bool | None = None
    in_stay: bool | None = None
    before_stay: str | None = None
    mother_at_birth: str | None = None


EVERYTHING = st.builds(Residence, PLACE, MAYBE, MAYBE, PLACE, PLACE)


@pytest.mark.parametrize(
    ("known", "responsible"),
    [
        (Residence(), None),
        (Residence(municipality=ALMERE, in_stay=False), ALMERE),
        (Residence(municipality=ALMERE), ALMERE),
        (Residence(municipality=ALMERE, in_stay=False, before_stay=DRONTEN), ALMERE),
        (Residence(municipality=ALMERE, in_stay=True, before_stay=DRONTEN), DRONTEN),
        (Residence(municipality=ALMERE, before_stay=DRONTEN), DRONTEN),
        (Residence(municipality=ALMERE, in_stay=True, mother_at_birth=LELYSTAD), LELYSTAD),
        (Residence(municipality=ALMERE, in_stay=True), None),
        (Residence(municipality=ALMERE, address_in_doubt=True, mother_at_birth=LELYSTAD), LELYSTAD),
        (Residence(in_stay=False, mother_at_birth=LELYSTAD), LELYSTAD),
    ],
)
def test_the_address_then_the_one_before_a_stay_then_the_mothers_at_birth(known: Residence, responsible: str) -> None:
    assert provisional_municipality(known) == responsible


@given(EVERYTHING)
def test_only_a_municipality_that_was_named_is_ever_responsible(known: Residence) -> None:
    named = {known.municipality, known.before_stay, known.mother_at_birth, None}
    assert provisional_municipality(known) in named


@given(EVERYTHING)
def test_a_move_into_care_leaves_the_municipality_of_origin_responsible(known: Residence) -> None:
    in_care = Residence(ALMERE, known.address_in_doubt, True, DRONTEN, known.mother_at_birth)
    assert provisional_municipality(in_care) == DRONTEN
