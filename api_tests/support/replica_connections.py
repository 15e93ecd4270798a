"""The connections of one client thread to the replicas of the service."""

import http.client
from collections.abc import Sequence
from typing import Any

SILENCE_SECONDS = 2.5  # after which a client gives up waiting and repeats its request


class ReplicaConnections:
    """The connections of one thread: one to each replica, kept open until it breaks."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._open: dict[int, http.client.HTTPConnection] = {}

    def send(self, replica: int, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Any:
        """Send a request. Returns (response, body), or None without an answer."""
        port = self._ports[replica]
        try:
            connection = self._open.get(port) or http.client.HTTPConnection("127.0.0.1", port, timeout=SILENCE_SECONDS)
            self._open[port] = connection
            connection.request(method, f"/v1{path}", body, headers)
            response = connection.getresponse()
            return response, response.read()
        except (OSError, http.client.HTTPException):
            if closed := self._open.pop(port, None):
                closed.close()
            return None

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
