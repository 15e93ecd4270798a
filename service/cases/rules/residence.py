"""Which municipality is provisionally responsible: the woonplaatsbeginsel since 2022 (domain.md 2.7)."""

from typing import Literal, Protocol


class KnownResidence(Protocol):
    """What is known of where the child lived: CBS codes of municipalities; None is not known."""

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


Basis = Literal["address", "before_stay", "mother_at_birth", "unknown"]


def provisional_municipality(residence: KnownResidence) -> str | None:
    """The provisionally responsible municipality; None when nothing is known."""
    return by_residence(residence)[0]


def by_residence(residence: KnownResidence) -> tuple[str | None, Basis]:
    """The BRP address, with a stay the one before it, else the mother's at birth; and which of these it rests on.

    Unknown whether there is a stay counts as one when the municipality before it is named. An address with the note
    of Wet BRP art. 2.26 establishes nothing.
    """
    stays = residence.before_stay is not None if residence.in_stay is None else residence.in_stay
    address = None if residence.address_in_doubt else residence.municipality
    known, basis = (residence.before_stay, _BEFORE_STAY) if stays else (address, _ADDRESS)
    if known:
        return known, basis
    return residence.mother_at_birth, "mother_at_birth" if residence.mother_at_birth else "unknown"


_BEFORE_STAY: Basis = "before_stay"
_ADDRESS: Basis = "address"
