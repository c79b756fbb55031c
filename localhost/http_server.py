"""The HTTP/1.1 server of both doors: requests one after another on each connection, as Kestrel.

A client has `HEAD_SECONDS_MAX` for a head and must send a body at `BODY_BYTES_PER_SECOND_MIN`;
what it leaves unread or unsent ends its connection. The host's own answers are aiohttp's
`web.Response`, which is only a status, headers and a body here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from localhost.http_encoding import Answer, encode
from localhost.http_head import Head, Refused, head_length, parse_head
from localhost.http_stream import ByteStream, Deadlines
from localhost.http_target import parse_query

HEAD_SECONDS_MAX: Final = 30.0
IDLE_SECONDS_MAX: Final = 130.0
BODY_GRACE_SECONDS: Final = 5.0
BODY_BYTES_PER_SECOND_MIN: Final = 240
DRAIN_SECONDS_MAX: Final = 5.0
_CHUNK_LINE_BYTES_MAX: Final = 1_024
_PREFACE: Final = b"PRI * HTTP/2.0\r\n"


log = logging.getLogger(__name__)


class BodyTooLarge(Exception):
    """The body is above the host's limit; the answer is an empty 500."""


class _Gone(Exception):
    """The client has ended the connection, or is too slow to be worth waiting for."""


class Request:
    """What a handler sees of a request. `headers` are in the order and case they were sent in."""

    __slots__ = ("_body", "_connection", "content_length", "headers", "method", "raw_path")

    def __init__(self, head: Head, connection: "_Connection") -> None:
        self.method = head.method
        self.raw_path = head.target
        """Path and query as they were sent."""
        self.headers = head.headers
        self.content_length = head.content_length
        self._connection = connection
        self._body: bytes | None = None

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty when it was not said."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def query(self) -> dict[str, str]:
        """The values of the query; of a repeated name all, joined with commas."""
        return parse_query(self.raw_path.partition("?")[2])

    async def read(self, bytes_max: int | None = None) -> bytes:
        """Return the body, asking the client to go on when it waits for that.

        Raises BodyTooLarge above `bytes_max`, the host's limit when not given.
        """
        if self._body is None:
            self._body = await self._connection.read_body(bytes_max)
        return self._body


Handler = Callable[[Request], Awaitable[Answer | web.StreamResponse]]


class HttpServer:
    """Answers the connections of one socket: a protocol factory for `create_server`."""

    def __init__(self, handler: Handler, body_bytes_max: int) -> None:
        self._handler = handler
        self._body_bytes_max = body_bytes_max
        self._deadlines = Deadlines()
        self._tasks: dict[asyncio.Task[None], _Connection] = {}
        self._ending = False

    def __call__(self) -> ByteStream:
        """Return the protocol of a new connection."""
        return ByteStream(self._deadlines, self._connected)

    def _connected(self, stream: ByteStream) -> None:
        connection = _Connection(stream, self._body_bytes_max)
        task = stream.loop.create_task(self._serve(connection))
        self._tasks[task] = connection
        task.add_done_callback(self._tasks.pop)

    async def _serve(self, connection: "_Connection") -> None:
        try:
            while not self._ending and await connection.answer_next(self._handler):
                pass
        except (_Gone, OSError):
            pass
        finally:
            connection.close()

    async def shutdown(self, seconds: float) -> None:
        """End idle connections now, the others when they are done but within `seconds`."""
        self._ending = True
        for task, connection in list(self._tasks.items()):
            if connection.is_idle:
                task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=seconds)


class _Connection:
    """One client. Bytes that belong to the next request wait in the stream's buffer."""

    def __init__(self, stream: ByteStream, body_bytes_max: int) -> None:
        self.is_idle = True
        self._stream = stream
        self._buffer = stream.buffer
        self._now = stream.loop.time
        self._body_bytes_max = body_bytes_max
        self._head: Head | None = None
        self._left = 0
        """Bytes of the body that nobody has read; -1 for a chunked one."""

    async def answer_next(self, handler: Handler) -> bool:
        """Answer one request; tell whether the connection can take another."""
        try:
            head = self._head = await self._read_head()
        except Refused as refused:
            return await self._refuse(refused)
        self._left = -1 if head.is_chunked else head.content_length or 0
        try:
            response = await handler(Request(head, self))
        except Refused as refused:
            return await self._refuse(refused)
        except BodyTooLarge:
            self._left = 0
            return await self._write(head, _failure(), close=True)
        except _Gone:
            raise
        except Exception:
            log.exception("%s %s failed", head.method, head.target)
            response = _failure()
        if self._stream.ended:
            raise _Gone  # as with Kestrel: a client that has stopped sending gets no answer
        is_too_long = 0 <= self._body_bytes_max < self._left
        if not await self._write(head, response, close=head.wants_close or is_too_long):
            return False
        self.is_idle = True
        return not self._left or await self._drain()

    async def _read_head(self) -> Head:
        buffer, deadline = self._buffer, self._now() + IDLE_SECONDS_MAX
        while (end := head_length(buffer)) < 0:
            if self.is_idle and buffer.strip(b"\r\n"):
                self.is_idle = False
                deadline = self._now() + HEAD_SECONDS_MAX
            try:
                await self._receive(deadline)
            except TimeoutError:
                raise (_Gone if self.is_idle else Refused(HTTPStatus.REQUEST_TIMEOUT)) from None
        self.is_idle = False
        data = self._stream.take(end)
        if data.startswith(_PREFACE):
            raise _Gone
        return parse_head(data)

    async def _receive(self, deadline: float) -> None:
        if not await self._stream.receive(deadline):
            if self._buffer.strip(b"\r\n") and not self._head:
                raise Refused(HTTPStatus.BAD_REQUEST)
            raise _Gone

    async def read_body(self, bytes_max: int | None) -> bytes:
        """Return the body. Raises BodyTooLarge, _Gone."""
        assert self._head is not None
        limit = self._body_bytes_max if bytes_max is None else bytes_max
        if self._left > limit:
            raise BodyTooLarge
        waits = self._head.headers.get("Expect", "").lower() == "100-continue"
        if waits and self._left and not self._buffer and self._head.version == "1.1":
            self._stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            return await self._rest(limit)
        finally:
            self._left = 0

    async def _rest(self, bytes_max: int) -> bytes:
        """Return what nobody has read of the body, at most so many bytes if it is chunked."""
        return await (self._chunks(bytes_max) if self._left < 0 else self._exactly(self._left))

    async def _exactly(self, length: int) -> bytes:
        latest = self._now() + BODY_GRACE_SECONDS
        while len(self._buffer) < length:
            await self._receive_body(latest + len(self._buffer) / BODY_BYTES_PER_SECOND_MIN)
        return self._stream.take(length)

    async def _receive_body(self, deadline: float) -> None:
        try:
            await self._receive(deadline)
        except TimeoutError:
            raise _Gone from None

    async def _chunks(self, bytes_max: int) -> bytes:
        body = bytearray()
        while True:
            line = await self._line()
            try:
                length = int(line.partition(b";")[0].strip(), 16)
            except ValueError:
                raise _Gone from None
            if len(body) + length > bytes_max:
                raise BodyTooLarge
            if not length:
                while await self._line():
                    pass  # trailers
                return bytes(body)
            body += await self._exactly(length)
            if await self._line():
                raise _Gone

    async def _line(self) -> bytes:
        """Return a line of the framing of chunks, without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _CHUNK_LINE_BYTES_MAX:
                raise _Gone
            await self._receive_body(self._now() + BODY_GRACE_SECONDS)
        return (await self._exactly(end + 1)).rstrip(b"\r\n")

    async def _drain(self) -> bool:
        """Read what is left of a body that no function wanted; tell whether that worked."""
        if self._left > self._body_bytes_max:
            return False
        try:
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                await self._rest(self._body_bytes_max)
        except (_Gone, TimeoutError, BodyTooLarge):
            return False
        self._left = 0
        return True

    async def _refuse(self, refused: Refused) -> bool:
        head = Head("GET", "/", "1.1", CIMultiDict(), None, is_chunked=False)
        response = web.Response(status=refused.status, headers=refused.headers)
        return await self._write(head, response, close=True)

    async def _write(
        self, head: Head, response: Answer | web.StreamResponse, *, close: bool
    ) -> bool:
        data, keep = encode(head, response, close=close)
        keep = self._stream.write(data) and keep
        if self._stream.room is not None:
            await self._stream.room
        return keep

    def close(self) -> None:
        """End the connection; what was written is sent."""
        self._stream.close()


def _failure() -> web.Response:
    return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
