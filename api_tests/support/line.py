"""A client's connections to the replicas of the service."""

import http.client
from collections.abc import Sequence
from typing import Any

SILENCE_SECONDS = 2.5  # after which a client gives up waiting for an answer, and asks again


class Line:
    """What one thread speaks to the replicas with: a connection to each, kept until it breaks."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._open: dict[int, http.client.HTTPConnection] = {}

    def ask(self, replica: int, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Any:
        """The response and its body; None when there was none."""
        port = self._ports[replica]
        try:
            line = self._open.get(port) or http.client.HTTPConnection("127.0.0.1", port, timeout=SILENCE_SECONDS)
            self._open[port] = line
            line.request(method, f"/v1{path}", body, headers)
            response = line.getresponse()
            return response, response.read()
        except (OSError, http.client.HTTPException):
            if broken := self._open.pop(port, None):
                broken.close()
            return None

    def close(self) -> None:
        for line in self._open.values():
            line.close()
