"""Which municipality is provisionally responsible: the woonplaatsbeginsel since 2022 (domain.md 2.7)."""

from typing import Protocol


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


def provisional_municipality(residence: KnownResidence) -> str | None:
    """The BRP address, with a stay the one before it, else the mother's at birth; None when nothing is known.

    Unknown whether there is a stay counts as one when the municipality before it is named. An address with the note
    of Wet BRP art. 2.26 establishes nothing.
    """
    stays = residence.before_stay is not None if residence.in_stay is None else residence.in_stay
    if stays:
        return residence.before_stay or residence.mother_at_birth
    address = None if residence.address_in_doubt else residence.municipality
    return address or residence.mother_at_birth
