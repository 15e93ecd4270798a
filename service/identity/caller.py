"""The caller of a request, as its access token names it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Issuer (`iss`) and subject (`sub`) of a valid token, and the trace id of this request.

    `is_machine`: True for a system of an organisation, False for a person.
    """

    issuer: str
    subject: str
    trace_id: str
    is_machine: bool = False
