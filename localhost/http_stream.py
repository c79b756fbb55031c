"""The bytes of one HTTP connection: what has arrived, and waiting for more, but not for ever.

Waits are ended by one timer for all connections (`Deadlines`), up to a second late, as Kestrel's
heartbeat: a timer of its own for each wait would cost more than reading an ordinary request.
"""

import asyncio
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from typing import Final, cast

from typing_extensions import override

SWEEP_SECONDS: Final = 1.0
READ_AHEAD_BYTES: Final = 131_072
"""What is taken from a client before anybody asks for it: requests sent ahead, a body."""


class Deadlines:
    """Ends waits of the open connections once they have lasted too long."""

    def __init__(self) -> None:
        self._waits: dict[ByteStream, float] = {}
        """When each wait ends, in the time of the loop."""
        self._sweep: asyncio.TimerHandle | None = None

    def set(self, stream: "ByteStream", deadline: float, loop: AbstractEventLoop) -> None:
        """End the stream's wait at `deadline`, in the time of the loop."""
        self._waits[stream] = deadline
        if self._sweep is None:
            self._sweep = loop.call_later(SWEEP_SECONDS, self._end_late, loop)

    def forget(self, stream: "ByteStream") -> None:
        """The stream waits no more."""
        self._waits.pop(stream, None)

    def _end_late(self, loop: AbstractEventLoop) -> None:
        now, self._sweep = loop.time(), None
        for stream, deadline in list(self._waits.items()):
            if deadline <= now:
                del self._waits[stream]
                stream.expire()
        if self._waits:
            self._sweep = loop.call_later(SWEEP_SECONDS, self._end_late, loop)


class ByteStream(asyncio.Protocol):
    """One client. `buffer` has what has arrived and was not used up."""

    def __init__(self, deadlines: Deadlines, connected: Callable[["ByteStream"], None]) -> None:
        """`connected` is called once bytes can be read and written."""
        self.buffer = bytearray()
        self.ended = False
        """Whether the client sends no more."""
        self.loop = asyncio.get_running_loop()
        self._deadlines = deadlines
        self._connected = connected
        self._transport: asyncio.Transport
        self._more: Future[bool] | None = None
        self.room: Future[None] | None = None
        """While the client reads too slowly: done when it has read enough of what was written."""
        self._held_back = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connected(self)

    @override
    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self._more is not None:
            self._wake(more=True)
        elif len(self.buffer) > READ_AHEAD_BYTES:
            self._held_back = True
            self._transport.pause_reading()

    @override
    def eof_received(self) -> bool:
        self.ended = True
        self._wake(more=False)
        return True  # answers can still be sent

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        self._wake(more=False)
        self.resume_writing()

    @override
    def pause_writing(self) -> None:
        self.room = self.loop.create_future()

    @override
    def resume_writing(self) -> None:
        room, self.room = self.room, None
        if room is not None and not room.done():
            room.set_result(None)

    def _wake(self, *, more: bool) -> None:
        waiting, self._more = self._more, None
        self._deadlines.forget(self)
        if waiting is not None and not waiting.done():
            waiting.set_result(more)

    def expire(self) -> None:
        """End the wait for more with TimeoutError."""
        waiting, self._more = self._more, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(TimeoutError())

    def receive(self, deadline: float) -> Future[bool]:
        """Return what is True once `buffer` has more, and False when there will be no more.

        It raises TimeoutError at `deadline`, in the time of the loop.
        """
        more = self.loop.create_future()
        if self.ended:
            more.set_result(False)
            return more
        if self._held_back:
            self._held_back = False
            self._transport.resume_reading()
        self._more = more
        self._deadlines.set(self, deadline, self.loop)
        return more

    def take(self, length: int) -> bytes:
        """Return and use up the first bytes of the buffer, which has that many."""
        if length == len(self.buffer):
            data = bytes(self.buffer)
            self.buffer.clear()
            return data
        data = bytes(self.buffer[:length])
        del self.buffer[:length]
        return data

    def write(self, data: bytes) -> bool:
        """Send bytes; False when the client is gone. Wait for `room` before the next."""
        if self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    def close(self) -> None:
        """End the connection; what was written is sent."""
        self._transport.close()
