"""Messages over a socket: each is msgpack in a frame that begins with its length."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

LENGTH_BYTES: Final = 4
"""Little-endian, without itself: so a message has less than 4 GiB."""


class Stream(asyncio.Protocol):
    """One end of the stream between host and worker. Belongs to one event loop.

    `received` gets every message in the order in which the other end sent them; `closed` is
    called once, when the other end is gone.
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
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        """Frames that go out when what runs now is done."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on each message that is complete now."""
        buffer = self._buffer
        buffer += data
        start, end = 0, len(buffer)
        messages = []
        with memoryview(buffer) as view:
            while end - start >= LENGTH_BYTES:
                first = start + LENGTH_BYTES
                last = first + int.from_bytes(view[start:first], "little")
                if last > end:
                    break
                messages.append(self._decode(view[first:last]))
                start = last
        del buffer[:start]
        for message in messages:
            self._received(message)

    def connection_lost(self, _: Exception | None) -> None:
        """Tell that the other end is gone."""
        self._closed()

    def send(self, message: Any) -> None:
        """Send a message; nothing happens when the other end is gone.

        What is sent in one turn of the event loop goes out at its end and in one piece: each piece
        wakes the other process, which then takes the processor away.
        """
        self.write(self.frame(message))

    def frame(self, message: Any) -> bytes:
        """Return the frame of a message; may be called on any thread."""
        body = self._encode(message)
        return len(body).to_bytes(LENGTH_BYTES, "little") + body

    def write(self, frame: bytes) -> None:
        """Send a frame, as `send` does."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(frame)

    def flush(self) -> None:
        """Send now what waits: nothing may hold it back, not even the end of this process."""
        frames, self._waiting = self._waiting, []
        if frames and self._transport is not None:
            self._transport.write(b"".join(frames))

    def close(self) -> None:
        """Close this end."""
        if self._transport is not None:
            self.flush()
            self._transport.close()
