"""Bytes to a host and messages back, on a connection of its own: as a client that does no more."""

import re
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

CLOSE_SECONDS: Final = 0.01
"""How long to watch for the end of a connection that the host has not announced."""
ANNOUNCED_CLOSE_SECONDS: Final = 1.0
FIRST_FINAL_STATUS: Final = 200
NO_BODY: Final = frozenset({204, 304})

Part = bytes | float
"""What to send, or how many seconds to pause."""


@dataclass(slots=True)
class Message:
    """One answer, interim ones included."""

    status: int
    headers: list[list[str]]
    body: bytes = b""

    @property
    def is_final(self) -> bool:
        """False for 1xx."""
        return self.status >= FIRST_FINAL_STATUS

    @property
    def announces_close(self) -> bool:
        """Whether the host said that it will end the connection."""
        return any(
            name.lower() == "connection" and "close" in value.lower()
            for name, value in self.headers
        )


@dataclass(slots=True)
class Conversation:
    """What came back."""

    messages: list[Message] = field(default_factory=list)
    closed: bool = False


def talk(
    address: tuple[str, int],
    parts: Sequence[Part],
    seconds: float,
    *,
    answers: int = 1,
    half_close: bool = False,
) -> Conversation:
    """Send the parts on a new connection; return what came back within `seconds`."""
    is_head = isinstance(parts[0], bytes) and parts[0][:5] == b"HEAD "
    with socket.create_connection(address, timeout=seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):  # the host may close early; its answer may lie in the buffer
            _send(connection, parts)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        return _listen(connection, seconds, answers, is_head=is_head)


def _send(connection: socket.socket, parts: Sequence[Part]) -> None:
    for part in parts:
        if isinstance(part, float):
            time.sleep(part)  # noqa: TID251 - the case is that the client pauses
        else:
            connection.sendall(part)


def _listen(
    connection: socket.socket, seconds: float, answers: int, *, is_head: bool
) -> Conversation:
    said, rest = Conversation(), b""
    end = time.monotonic() + seconds
    while sum(message.is_final for message in said.messages) < answers:
        message, rest = take(rest, is_head=is_head, ended=said.closed)
        if message:
            said.messages.append(message)
            continue
        data = None if said.closed else _receive(connection, end - time.monotonic())
        if data is None:
            break
        said.closed = data == b""
        rest += data
    if not said.closed:
        announced = any(message.announces_close for message in said.messages)
        wait = ANNOUNCED_CLOSE_SECONDS if announced else CLOSE_SECONDS
        said.closed = _receive(connection, wait) == b""
    return said


def _receive(connection: socket.socket, seconds: float) -> bytes | None:
    """Return what arrives, nothing when the connection has ended, None when nothing comes."""
    connection.settimeout(max(0.001, seconds))
    try:
        return connection.recv(65_536)
    except TimeoutError:
        return None
    except OSError:
        return b""


def take(data: bytes, *, is_head: bool, ended: bool) -> tuple[Message | None, bytes]:
    """Take one message off the data; (None, data) while it is not complete."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    start = re.match(rb"HTTP/\d\.\d (\d+)", lines[0])
    if not separator or not start:
        return None, data
    headers = [[x.strip() for x in line.decode("latin-1").split(":", 1)] for line in lines[1:]]
    message = Message(int(start[1]), headers)
    if not message.is_final or message.status in NO_BODY or is_head:
        return message, rest
    found = _body({name.lower(): value for name, value in headers if name}, rest, ended=ended)
    if found is None:
        return None, data
    message.body, rest = found
    return message, rest


def _body(headers: dict[str, str], rest: bytes, *, ended: bool) -> tuple[bytes, bytes] | None:
    if "chunked" in headers.get("transfer-encoding", ""):
        return _chunks(rest)
    length = int(headers.get("content-length", -1))
    if 0 <= length <= len(rest):
        return rest[:length], rest[length:]
    return (rest, b"") if ended else None


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while True:
        size, separator, after = rest.partition(b"\r\n")
        if not separator or not re.fullmatch(rb"[0-9a-fA-F]+", size):
            return None
        length = int(size, 16)
        if len(after) < length + 2:
            return None
        if length == 0:
            return body, after[2:]
        body, rest = body + after[:length], after[length + 2 :]
