"""A client that hangs up, at any moment of its request, is no error of the service and disturbs nobody."""

import asyncio
import logging
import socket
import struct
import time
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService

pytestmark = pytest.mark.server

_HEAD = "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n{more}\r\n"
_BODY = "Content-Type: application/json\r\nIdempotency-Key: gone-1\r\nContent-Length: 100\r\n"


def hang_up_after(service: RunningService, text: str) -> None:
    """Send this and break the connection off, as a client that crashes does."""
    with socket.create_connection(service.address, timeout=20) as connection:
        connection.sendall(text.encode())
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@broken_by(
    "A client that hangs up while its body is read is no unexpected error",
    "service/http/strict_route.py",
    "except ClientDisconnect:",
    "except ZeroDivisionError:",
    case="half of a body",
)
@broken_by(
    "A client that hangs up with requests still to be answered is no error of the server",
    "service/commands/server.py",
    "            self._answering.disconnected = True\n",
    "            pass\n",
    case="many requests at once",
)
@pytest.mark.parametrize(
    ("method", "path", "more", "body", "times"),
    [
        ("POST", "/v1/drafts", _BODY, '{"form":', 1),
        ("POST", "/v1/drafts", _BODY + "Expect: 100-continue\r\n", "", 1),
        ("GET", "/v1/openapi.json", "", "", 1),
        ("GET", "/v1/openapi.json", "", "", 20),
    ],
    ids=["half of a body", "a body that never begins", "a large answer", "many requests at once"],
)
def test_a_client_that_hangs_up_is_no_error_and_the_next_one_is_served(
    service: RunningService,
    people: People,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    more: str,
    body: str,
    times: int,
) -> None:
    token = people.anna.client.headers["Authorization"]
    request = _HEAD.format(method=method, path=path, token=token, more=more) + body
    people.anna.get("/openapi.json")  # the first answer is built slowly, and would not be there to hang up on

    with caplog.at_level(logging.WARNING), capture_logs() as lines:
        for _ in range(3):
            hang_up_after(service, request * times)
        answers = [people.anna.get("/drafts"), httpx.get(f"{service.url}/v1/ready")]
        time.sleep(0.2)

    assert [line for line in lines if line["event"] == "unexpected"] == []
    assert [record.getMessage() for record in caplog.records] == []
    assert [answer.status_code for answer in answers] == [200, 200]


@broken_by(
    "A server that tells by an error that the client is gone causes no unexpected error",
    "service/http/edge.py",
    "        except OSError:\n",
    "        except ZeroDivisionError:\n",
)
@pytest.mark.parametrize("path", ["/v1/regions", "/v1/nowhere", "/"])
def test_a_server_may_say_by_an_error_that_the_client_is_gone(service: RunningService, path: str) -> None:
    """ASGI lets a server raise OSError when an answer is sent to a client that hung up."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        raise BrokenPipeError

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": [(b"host", b"127.0.0.1")], "client": ("192.0.2.1", 1), "http_version": "1.1", "scheme": "http"}

    async def serve() -> None:
        await service.built.application(scope, receive, send)

    with capture_logs() as lines:
        asyncio.run(serve())

    assert [line["event"] for line in lines] == ["request"]
