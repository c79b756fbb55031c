"""An answer as bytes: status line, headers and body, as Kestrel would send them."""

import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from localhost.http_head import Head

_BODILESS: Final = frozenset({204, 205, 304})
_FIRST_FINAL: Final = 200


@dataclass(slots=True)
class Answer:
    """What a function answers: aiohttp's `web.Response` without what costs time."""

    status: int
    headers: CIMultiDict[str]
    body: bytes
    chunked: bool
    """Whether it is sent in chunks where that can be."""


def encode(head: Head, response: Answer | web.StreamResponse, *, close: bool) -> tuple[bytes, bool]:
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
    fields = [f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() not in _OWN]
    lines = [_status_line(status), "".join(fields).encode()]
    if "Date" not in headers:
        lines.append(_date_line(int(time.time())))
    if "Server" not in headers:
        lines.append(b"Server: Kestrel\r\n")
    framing, content, ends = _framing(head, response, status, body)
    close = close or ends
    if close and "Connection" not in headers:
        lines.append(b"Connection: close\r\n")
    return b"".join([*lines, framing, b"\r\n", b"" if is_head else content]), not close


_OWN: Final = frozenset({"content-length", "transfer-encoding"})


def _framing(  # noqa: PLR0911 - a line per way
    head: Head, response: Answer | web.StreamResponse, status: int, body: bytes
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


def _body_of(response: Answer | web.StreamResponse) -> bytes:
    if isinstance(response, Answer):
        return response.body
    body = response.body if isinstance(response, web.Response) else None
    return body if isinstance(body, bytes) else b""


@lru_cache(maxsize=256)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


@lru_cache(maxsize=1)  # one text per second, for all connections
def _date_line(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
