"""The caller of a request, as its token tells."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """What a valid token tells: who vouches (iss) and for whom (sub); and the id that traces this request.

    `machine`: a system of an organisation, not a person.
    """

    issuer: str
    subject: str
    trace_id: str
    machine: bool = False
