"""The HTTP/1.1 server of both doors: requests one after another on each connection, as Kestrel.

A client has `HEAD_SECONDS_MAX` for a head and must send a body at `BODY_BYTES_PER_SECOND_MIN`;
what it leaves unread or unsent ends its connection. Answers are aiohttp's `web.Response`, which
is only a status, headers and a body here.
"""

import asyncio
import logging
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from localhost.http_head import Head, Refused, head_length, parse_head
from localhost.http_target import parse_query

HEAD_SECONDS_MAX: Final = 30.0
IDLE_SECONDS_MAX: Final = 130.0
BODY_GRACE_SECONDS: Final = 5.0
BODY_BYTES_PER_SECOND_MIN: Final = 240
DRAIN_SECONDS_MAX: Final = 5.0
_READ_BYTES: Final = 65_536
_CHUNK_LINE_BYTES_MAX: Final = 1_024
_BODILESS: Final = frozenset({204, 205, 304})
_FIRST_FINAL: Final = 200
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
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Names and values as bytes."""
        return [(name.encode(), value.encode()) for name, value in self.headers.items()]

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


Handler = Callable[[Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """Answers the connections of one socket: a protocol factory for `create_server`."""

    def __init__(self, handler: Handler, body_bytes_max: int) -> None:
        self._handler = handler
        self._body_bytes_max = body_bytes_max
        self._tasks: dict[asyncio.Task[None], _Connection] = {}
        self._ending = False

    def __call__(self) -> asyncio.StreamReaderProtocol:
        """Return the protocol of a new connection."""
        return asyncio.StreamReaderProtocol(StreamReader(), self._connected)

    def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        connection = _Connection(reader, writer, self._body_bytes_max)
        task = asyncio.get_running_loop().create_task(self._serve(connection))
        self._tasks[task] = connection
        task.add_done_callback(self._tasks.pop)

    async def _serve(self, connection: "_Connection") -> None:
        try:
            while not self._ending and await connection.answer_next(self._handler):
                pass
        except (_Gone, OSError):
            pass
        finally:
            await connection.close()

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
    """One client. Bytes that belong to the next request wait in `_buffer`."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, body_bytes_max: int) -> None:
        self.is_idle = True
        self._reader = reader
        self._writer = writer
        self._body_bytes_max = body_bytes_max
        self._buffer = bytearray()
        self._head: Head | None = None
        self._left = 0
        """Bytes of the body that nobody has read; -1 for a chunked one."""

    async def answer_next(self, handler: Handler) -> bool:
        """Answer one request; tell whether the connection can take another."""
        try:
            head = await self._read_head()
        except Refused as refused:
            await self._refuse(refused)
            return False
        self._head = head
        self._left = -1 if head.is_chunked else head.content_length or 0
        try:
            response = await _answer(handler, Request(head, self))
        except Refused as refused:
            await self._refuse(refused)
            return False
        except BodyTooLarge:
            response, self._left = web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR), 0
            return await self._write(head, response, close=True)
        if self._reader.at_eof():
            raise _Gone  # as with Kestrel: a client that has stopped sending gets no answer
        is_too_long = 0 <= self._body_bytes_max < self._left
        if not await self._write(head, response, close=head.wants_close or is_too_long):
            return False
        self.is_idle = True
        return await self._drain()

    async def _read_head(self) -> Head:
        end = head_length(self._buffer)
        try:
            async with asyncio.timeout(IDLE_SECONDS_MAX) as limit:
                while end < 0:
                    if not self.is_idle or self._buffer.strip(b"\r\n"):
                        self._begin(limit)
                    await self._receive()
                    end = head_length(self._buffer)
        except TimeoutError:
            raise (_Gone if self.is_idle else Refused(HTTPStatus.REQUEST_TIMEOUT)) from None
        self.is_idle = False
        data = bytes(self._buffer[:end])
        del self._buffer[:end]
        if data.startswith(_PREFACE):
            raise _Gone
        return parse_head(data)

    def _begin(self, limit: asyncio.Timeout) -> None:
        if self.is_idle:
            self.is_idle = False
            limit.reschedule(asyncio.get_running_loop().time() + HEAD_SECONDS_MAX)

    async def _receive(self) -> None:
        data = await self._reader.read(_READ_BYTES)
        if not data:
            if self._buffer.strip(b"\r\n") and not self._head:
                raise Refused(HTTPStatus.BAD_REQUEST)
            raise _Gone
        self._buffer += data

    async def read_body(self, bytes_max: int | None) -> bytes:
        """Return the body. Raises BodyTooLarge, _Gone."""
        assert self._head is not None
        limit = self._body_bytes_max if bytes_max is None else bytes_max
        if self._left > limit:
            raise BodyTooLarge
        if self._left and not self._buffer and self._head.version == "1.1":
            if self._head.headers.get("Expect", "").lower() == "100-continue":
                self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            body = await self._chunks(limit) if self._left < 0 else await self._exactly(self._left)
        finally:
            self._left = 0
        return body

    async def _exactly(self, length: int) -> bytes:
        began = time.monotonic()
        while len(self._buffer) < length:
            grace = BODY_GRACE_SECONDS + len(self._buffer) / BODY_BYTES_PER_SECOND_MIN
            try:
                async with asyncio.timeout(grace - (time.monotonic() - began)):
                    await self._receive()
            except TimeoutError:
                raise _Gone from None
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        return data

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
            await self._exactly_more()
        return (await self._exactly(end + 1)).rstrip(b"\r\n")

    async def _exactly_more(self) -> None:
        try:
            async with asyncio.timeout(BODY_GRACE_SECONDS):
                await self._receive()
        except TimeoutError:
            raise _Gone from None

    async def _drain(self) -> bool:
        """Read what is left of a body that no function wanted; tell whether that worked."""
        if not self._left:
            return True
        if self._left > self._body_bytes_max:
            return False
        try:
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                await (
                    self._chunks(self._body_bytes_max)
                    if self._left < 0
                    else self._exactly(self._left)
                )
        except (_Gone, TimeoutError, BodyTooLarge):
            return False
        self._left = 0
        return True

    async def _refuse(self, refused: Refused) -> None:
        head = Head("GET", "/", "1.1", CIMultiDict(), None, is_chunked=False)
        response = web.Response(status=refused.status, headers=refused.headers)
        await self._write(head, response, close=True)

    async def _write(self, head: Head, response: web.StreamResponse, *, close: bool) -> bool:
        data, keep = encode(head, response, close=close)
        self._writer.write(data)
        await self._writer.drain()
        return keep

    async def close(self) -> None:
        """End the connection; what was written is sent."""
        self._writer.close()


async def _answer(handler: Handler, request: Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except (Refused, BodyTooLarge, _Gone):
        raise
    except Exception:
        log.exception("%s %s failed", request.method, request.raw_path)
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


def encode(head: Head, response: web.StreamResponse, *, close: bool) -> tuple[bytes, bool]:
    """Return an answer's bytes, and whether the connection can go on after it."""
    status, headers, body = response.status, response.headers, _body_of(response)
    if status < _FIRST_FINAL:  # what a function must not do; nothing more comes
        return _status_line(status) + b"\r\n", status != HTTPStatus.SWITCHING_PROTOCOLS
    is_head = head.method == "HEAD"
    if status in _BODILESS and body:
        body, close = b"", close or not is_head
    declared = headers.get("Content-Length")
    if declared is not None and declared.isdecimal() and int(declared) < len(body):
        status, close = HTTPStatus.INTERNAL_SERVER_ERROR, True
        headers, body, declared = (headers if is_head else CIMultiDict()), b"", None
    close = close or "close" in headers.get("Connection", "").lower()
    lines = [_status_line(status)]
    lines += [
        f"{name}: {value}\r\n".encode()
        for name, value in headers.items()
        if name.lower() not in _OWN
    ]
    if "Date" not in headers:
        lines.append(_date_line())
    if "Server" not in headers:
        lines.append(b"Server: Kestrel\r\n")
    framing, content, ends = _framing(head, response, status, body)
    close = close or ends
    if close and "Connection" not in headers:
        lines.append(b"Connection: close\r\n")
    return b"".join([*lines, framing, b"\r\n", b"" if is_head else content]), not close


_OWN: Final = frozenset({"content-length", "transfer-encoding"})


def _framing(
    head: Head, response: web.StreamResponse, status: int, body: bytes
) -> tuple[bytes, bytes, bool]:
    """Return the headers that delimit the body, its bytes, and whether its end is the
    connection's.
    """
    declared = response.headers.get("Content-Length")
    own = response.headers.get("Transfer-Encoding")
    if status in _BODILESS:
        return b"", b"", False
    if own is not None and head.method != "HEAD":
        return f"Transfer-Encoding: {own}\r\n".encode(), body, True
    if declared is not None and status == response.status:
        ends = head.method != "HEAD" and declared != str(len(body))
        return f"Content-Length: {declared}\r\n".encode(), body, ends
    if not response.chunked or status != response.status:
        return f"Content-Length: {len(body)}\r\n".encode(), body, False
    if head.method == "HEAD":
        return b"", b"", False
    if head.version == "1.0":
        return b"", body, True
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return b"Transfer-Encoding: chunked\r\n", chunk + b"0\r\n\r\n", False


def _body_of(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return body if isinstance(body, bytes) else b""


def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


_date: tuple[int, bytes] = (0, b"")


def _date_line() -> bytes:
    global _date  # noqa: PLW0603 - one text per second, for all connections
    now = int(time.time())
    if _date[0] != now:
        _date = now, f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
    return _date[1]
