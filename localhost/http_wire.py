"""HTTP in and out: an aiohttp request becomes an `RpcHttp`, what comes back a response.

The rules are host-protocol 2.1 and 2.2.
"""

import json
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import CIMultiDict

from localhost.rpc.messages import RpcHttp, RpcHttpCookie, TypedData

_ESCAPES: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that belong to this server's connection, not to the app."""
_SAME_SITE: Final = {1: "lax", 2: "strict", 3: "none"}
_BREAKS: Final = re.compile(r"[\r\n\0]")


class BadRequest(Exception):
    """Kestrel would not have let this request in; `str` says why. The answer is 400."""


def decode_path(raw: str) -> str:
    """Return the path as Kestrel shows it to routing, from what stands on the request line.

    Everything is percent-decoded as UTF-8 except `%2F`; what is no UTF-8 stays as it was sent;
    dot segments are resolved. Raises BadRequest for a NUL.
    """
    if not raw.isascii():
        raise BadRequest("the request target is not ASCII")
    path = _ESCAPES.sub(_decode_run, raw) if "%" in raw else raw
    if "\0" in path:
        raise BadRequest("the path holds a NUL")
    return _without_dots(path) if "/." in path else path


def _decode_run(match: re.Match[str]) -> str:
    pieces = re.split(r"(%2[fF])", match[0])
    return "".join(
        piece if index % 2 else _decode_utf8(piece) for index, piece in enumerate(pieces)
    )


def _decode_utf8(escapes: str) -> str:
    """Decode `%C3%A9`; a byte that is part of no character keeps its escape."""
    data = bytes.fromhex(escapes.replace("%", ""))
    text = data.decode("utf-8", "surrogateescape")
    return "".join(
        f"%{ord(character) - 0xDC00:02X}" if "\udc80" <= character <= "\udcff" else character
        for character in text
    )


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def parse_query(query: str) -> dict[str, str]:
    """Return the query's values: repeated names joined with commas, empty values left out.

    Names are matched without regard to case and keep their first spelling.
    """
    spelling: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        values.setdefault(spelling.setdefault(name.lower(), name), []).append(value)
    return {name: text for name, items in values.items() if (text := ",".join(items))}


def parse_headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers with names in lower case and repeated ones joined with commas.

    Raises BadRequest when one is not UTF-8.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        if not value.isascii() and not _is_utf8(value):
            raise BadRequest(f"the header {name} is not UTF-8")
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    return headers


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # aiohttp kept the bytes as lone surrogates
        return False
    return True


async def read_body(request: web.BaseRequest) -> bytes:
    """Return the body; empty unless its length was announced, as in the real host.

    Raises aiohttp's HTTPRequestEntityTooLarge above the host's limit.
    """
    length = request.headers.get("Content-Length")
    if length is None or length == "0":
        return b""
    if "Expect" in request.headers:
        await continue_request(request)
    return await request.read()


async def read_whole_body(request: web.BaseRequest) -> bytes:
    """Return the body, chunked or not. Raises as `read_body`."""
    if "Expect" in request.headers:
        await continue_request(request)
    return await request.read()


async def continue_request(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send the body; aiohttp's Application would do this."""
    if request.headers["Expect"].lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # it was not part of the answer


def http_request(
    request: web.BaseRequest,
    headers: Mapping[str, str],
    authority: str,
    query: str,
    route_values: Mapping[str, str],
    body: bytes,
) -> TypedData:
    """Return what the worker gets; `authority` is the Host header, `query` has no question mark."""
    return TypedData(
        http=RpcHttp(
            method=request.method,
            url=f"http://{authority}{request.raw_path}",
            headers=dict(headers),
            query=parse_query(query) if query else {},
            params=dict(route_values),
            body=TypedData(bytes=body),
        )
    )


def http_response(result: TypedData | None, custom_headers: Mapping[str, str]) -> web.Response:
    """Turn what the function returned into the answer.

    Raises ValueError for a status that is no number or a header with a line break: a 500.
    """
    if result is None or result.http is None:
        text = "" if result is None else result.string or result.json or ""
        return web.Response(text=text, headers=custom_headers or None)
    answer = result.http
    headers: CIMultiDict[str] = CIMultiDict(custom_headers)
    for name, value in answer.headers.items():
        if _BREAKS.search(name) or _BREAKS.search(value):
            raise ValueError(f"the response header {name!r} holds a line break")
        if name.lower() not in _FRAMING:
            headers[name] = value
    for cookie in answer.cookies or ():
        headers.add("Set-Cookie", _set_cookie(cookie))
    body = answer.body.bytes if answer.body.bytes is not None else answer.body.string
    return web.Response(status=int(answer.status_code), headers=headers, body=body)


def _set_cookie(cookie: RpcHttpCookie) -> str:
    parts = [f"{cookie.name}={cookie.value}"]
    if cookie.expires is not None and cookie.expires.value is not None:
        parts.append(f"expires={formatdate(cookie.expires.value.seconds, usegmt=True)}")
    if cookie.max_age is not None:
        parts.append(f"max-age={int(cookie.max_age.value)}")
    for name, text in ("domain", cookie.domain), ("path", cookie.path):
        if text is not None and text.value:
            parts.append(f"{name}={text.value}")
    if cookie.secure is not None and cookie.secure.value:
        parts.append("secure")
    if cookie.same_site:
        parts.append(f"samesite={_SAME_SITE[cookie.same_site]}")
    if cookie.http_only is not None and cookie.http_only.value:
        parts.append("httponly")
    return "; ".join(parts)


def json_response(value: Any, status: int = 200) -> web.Response:
    """Return an answer of the host itself."""
    return web.Response(
        status=status, body=json.dumps(value).encode(), content_type="application/json"
    )
