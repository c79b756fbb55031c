"""Messages over a socket: each is msgpack in a frame, a long one in several.

A frame begins with its length, without this head, and a number: 0 for a whole message, else the
number of a long message that the frame is a piece of, negative in its last piece. Between two
pieces other messages have their turn: a body of 100 MB takes a second to copy, and whatever else
host and worker say to each other in that second is a few bytes.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Final, cast

import msgspec

HEAD: Final = Struct("<Ii")

PIECE_BYTES: Final = 65_536
"""Of a message in one frame. The next piece is sent when the socket has taken the one before."""


@dataclass(slots=True)
class _Long:
    """A message that is on its way in pieces."""

    number: int
    rest: memoryview
    about: str
    behind: deque[bytes] = field(default_factory=deque)
    """Messages about the same, which may not overtake it."""


class Stream(asyncio.Protocol):
    """One end of the stream between host and worker. Belongs to one event loop.

    `received` gets messages in the order in which the other end sent them, only that long ones are
    overtaken by those that are about something else; `closed` is called once, when the other end
    is gone.
    """

    def __init__(
        self, kinds: Any, received: Callable[[Any], None], closed: Callable[[], None]
    ) -> None:
        """`kinds` is the union of the messages that may come."""
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(kinds).decode
        self._loop = asyncio.get_running_loop()
        self._received = received
        self._closed = closed
        self._rest = b""
        """The beginning of a frame whose end has not arrived."""
        self._arriving: dict[int, bytearray] = {}
        """Long messages of the other end, by number."""
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        """Frames that go out when what runs now is done."""
        self._long: deque[_Long] = deque()
        """Long messages of this end; each sends one piece, then it is the turn of the next."""
        self._last_number = 0
        self._is_full = False
        """Whether the socket takes nothing more now."""
        self._is_due = False
        """Whether a flush will come by itself."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Hand on each message that is complete now."""
        if self._rest:
            data = self._rest + data
        start, end = 0, len(data)
        messages = []
        view = memoryview(data)
        while end - start >= HEAD.size:
            length, number = HEAD.unpack_from(data, start)
            first = start + HEAD.size
            last = first + length
            if last > end:
                break
            start = last
            if not number:
                messages.append(self._decode(view[first:last]))
            elif (whole := self._joined(number, view[first:last])) is not None:
                messages.append(self._decode(whole))
        self._rest = data[start:] if start else data
        for message in messages:
            self._received(message)

    def _joined(self, number: int, piece: memoryview) -> bytearray | None:
        """Return the long message whose last piece this is."""
        whole = self._arriving.setdefault(abs(number), bytearray())
        whole += piece
        return self._arriving.pop(-number) if number < 0 else None

    def connection_lost(self, _: Exception | None) -> None:
        """Tell that the other end is gone."""
        self._long.clear()
        self._closed()

    def send(self, message: Any, about: str = "") -> None:
        """Send a message; nothing happens when the other end is gone.

        `about` names the invocation whose messages have to arrive in order. What is sent in one
        turn of the event loop goes out at its end and in one piece: each piece wakes the other
        process, which then takes the processor away.
        """
        self.write(self._encode(message), about)

    def encoded(self, message: Any) -> bytes:
        """Return what `write` sends; may be called on any thread."""
        return self._encode(message)

    def write(self, body: bytes, about: str = "") -> None:
        """Send an encoded message, as `send` does."""
        self._flush_soon()
        if self._long and about:
            for each in self._long:
                if each.about == about:
                    each.behind.append(body)
                    return
        self._enter(body, about)

    def _enter(self, body: bytes, about: str) -> None:
        if len(body) > PIECE_BYTES:
            self._last_number += 1
            self._long.append(_Long(self._last_number, memoryview(body), about))
        else:
            self._waiting += (HEAD.pack(len(body), 0), body)

    def flush(self) -> None:
        """Send now what waits, long messages excepted: not even the end of this process may hold
        it back.
        """
        frames, self._waiting = self._waiting, []
        if frames and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(frames))

    def _flush_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._flush_turn)

    def _flush_turn(self) -> None:
        self._is_due = False
        self.flush()
        if self._transport is None or self._transport.is_closing():
            return  # the other end has gone since; uvloop would raise
        if self._long and not self._is_full:
            self._send_piece(self._transport)
            if self._long and not self._is_full:
                self._flush_soon()

    def _send_piece(self, transport: asyncio.Transport) -> None:
        each = self._long.popleft()
        piece, each.rest = each.rest[:PIECE_BYTES], each.rest[PIECE_BYTES:]
        number = each.number if each.rest else -each.number
        transport.write(HEAD.pack(len(piece), number) + piece)
        if each.rest:
            self._long.append(each)
            return
        while each.behind:
            body = each.behind.popleft()
            self._enter(body, each.about)
            if len(body) > PIECE_BYTES:
                self._long[-1].behind = each.behind
                return
        self.flush()

    def pause_writing(self) -> None:
        """Hold pieces back: what is written now waits for the other end to read."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on with the pieces."""
        self._is_full = False
        self._flush_soon()

    def close(self) -> None:
        """Close this end once everything is sent."""
        if self._transport is not None:
            self.flush()
            while self._long:
                self._send_piece(self._transport)
            self._transport.close()
