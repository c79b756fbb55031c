"""The head of an HTTP/1.1 request, read as Kestrel reads it (host-protocol 13.1).

Stricter than aiohttp in places (hosts, targets) and more lenient in others (any method, bare line
feeds, control characters in values); what is refused is answered with a status and nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from multidict import CIMultiDict

REQUEST_LINE_BYTES_MAX: Final = 8_192
HEADERS_BYTES_MAX: Final = 32_768
HEADERS_MAX: Final = 100
_VERSION_LENGTHS: Final = frozenset({7, 8})
_TLS_HANDSHAKE: Final = 0x16
_SPACE: Final = 0x20
_INT64_MAX: Final = 2**63 - 1

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTENT_LENGTH: Final = re.compile(r"\+?[0-9]+")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[0-9A-Za-z!$&'()\-._~*+,;=]+)(:[0-9]*)?")
_AUTHORITY: Final = re.compile(r"[0-9A-Za-z!$&'()\-._~*+,;=:@\[\]%]+")
_ORDINARY: Final = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++) (/[\x21-\x7e]*+) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++: (?![ \t])[\x20-\x7e]++(?<! )\r\n)++)\r\n"
)
"""What nearly every client sends, and nothing that has to be looked at twice."""
_FIELD: Final = re.compile(r"([^:]+): ([^\r]+)\r\n")
_ABSOLUTE: Final = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)


class Refused(Exception):
    """The request never reaches a function: `status`, an empty body, and the connection ends."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


@dataclass(slots=True)
class Head:
    """A request line and its headers; not frozen, which would make each one slower to build."""

    method: str
    target: str
    """Path and query as they were sent, beginning with a slash."""
    version: str
    """`1.0` or `1.1`."""
    headers: CIMultiDict[str]
    content_length: int | None
    is_chunked: bool

    @property
    def wants_close(self) -> bool:
        """Whether this is the last request of its connection."""
        if self.version == "1.0" or (self.is_chunked and "x-content-length" in self.headers):
            return True
        return "close" in self.headers.get("Connection", "").lower()


def head_length(data: bytes | bytearray) -> int:
    """Return where the head ends in what has arrived, -1 while it has not. Raises Refused."""
    if not data:
        return -1
    if data[0] == _TLS_HANDSHAKE:
        raise Refused(HTTPStatus.BAD_REQUEST)
    start = 0 if data[0] > _SPACE else len(data) - len(data.lstrip(b"\r\n"))
    for ending in (b"\r\n\r\n", b"\n\n", b"\n\r\n"):
        end = data.find(ending, start)
        if end >= 0:
            if end - start > REQUEST_LINE_BYTES_MAX:
                _check_sizes(data, start, end)
            return end + len(ending)
    _check_sizes(data, start, len(data))
    return -1


def _check_sizes(data: bytes | bytearray, start: int, end: int) -> None:
    line = data.find(b"\n", start, end)
    line = end if line < 0 else line
    if line - start > REQUEST_LINE_BYTES_MAX:
        raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG)
    if end - line > HEADERS_BYTES_MAX:
        raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def parse_head(data: bytes) -> Head:
    """Parse a complete head. Raises Refused."""
    ordinary = _ORDINARY.fullmatch(data)
    if ordinary is not None:
        method, target, version = ordinary[1].decode(), ordinary[2].decode(), "1.1"
        headers: CIMultiDict[str] = CIMultiDict(_FIELD.findall(ordinary[3].decode()))
    else:
        first, *lines = data.lstrip(b"\r\n").split(b"\n")
        method, target, version = _request_line(first)
        headers = CIMultiDict(_fields(lines))
    if len(headers) > HEADERS_MAX:
        raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    content_length, is_chunked = _framing(headers)
    host = _check_host(headers, version)
    return Head(
        method, _origin_form(method, target, host), version, headers, content_length, is_chunked
    )


def _request_line(line: bytes) -> tuple[str, str, str]:
    text = line.removesuffix(b"\r").decode("latin-1")
    method, space, rest = text.partition(" ")
    if not space or _TOKEN.fullmatch(method) is None:
        raise Refused(HTTPStatus.BAD_REQUEST)
    target, space, version = rest.partition(" ")
    version = version.lstrip(" ")
    if not target or not target.isascii() or "\0" in target or "\r" in target:
        raise Refused(HTTPStatus.BAD_REQUEST)
    if version not in {"HTTP/1.1", "HTTP/1.0"}:
        is_version = not space or len(version) in _VERSION_LENGTHS
        raise Refused(
            HTTPStatus.HTTP_VERSION_NOT_SUPPORTED if is_version else HTTPStatus.BAD_REQUEST
        )
    return method, target, version.removeprefix("HTTP/")


def _fields(lines: list[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines:
        line = line.removesuffix(b"\r")  # noqa: PLW2901 - the line without its end
        if not line:
            return
        name, colon, value = line.partition(b":")
        try:
            text, named = value.strip(b" \t").decode(), name.decode("ascii")
        except UnicodeDecodeError:
            raise Refused(HTTPStatus.BAD_REQUEST) from None
        if not colon or _TOKEN.fullmatch(named) is None or "\0" in text or "\r" in text:
            raise Refused(HTTPStatus.BAD_REQUEST)
        yield named, text


def _framing(headers: CIMultiDict[str]) -> tuple[int | None, bool]:
    """Return Content-Length and whether the body is chunked, which overrides the former."""
    lengths = headers.getall("Content-Length", [])
    length: int | None = None
    if lengths:
        if len(lengths) > 1 or _CONTENT_LENGTH.fullmatch(lengths[0]) is None:
            raise Refused(HTTPStatus.BAD_REQUEST)
        length = int(lengths[0])
        if length > _INT64_MAX:
            raise Refused(HTTPStatus.BAD_REQUEST)
        headers["Content-Length"] = str(length)
    encoding = headers.get("Transfer-Encoding")
    if encoding is None:
        return length, False
    if encoding.rpartition(",")[2].strip().lower() != "chunked":
        raise Refused(HTTPStatus.BAD_REQUEST)
    if length is not None:
        headers["X-Content-Length"] = headers.popone("Content-Length")
    return None, True


def _check_host(headers: CIMultiDict[str], version: str) -> str:
    hosts = headers.getall("Host", [])
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise Refused(HTTPStatus.BAD_REQUEST)
    if hosts and hosts[0] and _HOST.fullmatch(hosts[0]) is None:
        raise Refused(HTTPStatus.BAD_REQUEST)
    return hosts[0] if hosts else ""


def _origin_form(method: str, target: str, host: str) -> str:
    if target.startswith("/"):
        return target
    if target == "*":
        if method == "OPTIONS":
            return "/*"
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, Allow="OPTIONS")
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is not None:
        if absolute[1].lower() != host.lower():
            raise Refused(HTTPStatus.BAD_REQUEST)
        return absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"
    if _AUTHORITY.fullmatch(target) is None:
        raise Refused(HTTPStatus.BAD_REQUEST)
    if method != "CONNECT":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, Allow="CONNECT")
    return "/"
