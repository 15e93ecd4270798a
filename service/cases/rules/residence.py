"""The provisionally responsible municipality under the residence principle (woonplaatsbeginsel) since 2022.

Source: Jeugdwet 1.1, as it holds since 2022.
"""

from typing import Literal, Protocol


class KnownResidence(Protocol):
    """The residence facts of the child. Municipalities are CBS codes. None means unknown."""

    @property
    def municipality(self) -> str | None: ...
    @property
    def address_in_doubt(self) -> bool | None: ...
    @property
    def in_stay(self) -> bool | None: ...
    @property
    def before_stay(self) -> str | None: ...
    @property
    def mother_at_birth(self) -> str | None: ...


ResidenceBasis = Literal["address", "before_stay", "mother_at_birth", "unknown"]


def provisional_municipality(residence: KnownResidence) -> str | None:
    """Returns the CBS code of the provisionally responsible municipality; None when it is unknown."""
    return municipality_and_basis(residence)[0]


def municipality_and_basis(residence: KnownResidence) -> tuple[str | None, ResidenceBasis]:
    """Returns (CBS code of the responsible municipality, basis); the code is None when it is unknown.

    The basis is the BRP address; for a child in a stay, the address before the stay; otherwise the address of the
    mother at birth. An unknown stay counts as a stay when the municipality before it is known. An address with the
    note of Wet BRP art. 2.26 does not count.
    """
    in_stay = residence.before_stay is not None if residence.in_stay is None else residence.in_stay
    address = None if residence.address_in_doubt else residence.municipality
    municipality, basis = (residence.before_stay, _BEFORE_STAY) if in_stay else (address, _ADDRESS)
    if municipality:
        return municipality, basis
    return residence.mother_at_birth, "mother_at_birth" if residence.mother_at_birth else "unknown"


_BEFORE_STAY: ResidenceBasis = "before_stay"
_ADDRESS: ResidenceBasis = "address"
