"""The target of a request as ASP.NET Core shows it: the path decoded, the query, the URL again."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from localhost.http_head import Refused

_ESCAPES: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_KEPT_IN_PATH: Final = "/-._~!$&'()*+,;=:@"
_NEEDS_NO_ESCAPE: Final = re.compile(r"[0-9A-Za-z/\-._~!$&'()*+,;=:@]*")
_IS_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")


def decode_path(raw: str) -> str:
    """Return the path as routing sees it, from what stands on the request line.

    Everything is percent-decoded as UTF-8 except `%2F`; what is no UTF-8 stays as it was sent;
    dot segments are resolved. Raises Refused for a NUL.
    """
    path = _ESCAPES.sub(_decode_run, raw) if "%" in raw else raw
    if "\0" in path:
        raise Refused(HTTPStatus.BAD_REQUEST)
    return _without_dots(path) if "/." in path else path


def encode_path(path: str) -> str:
    """Return a decoded path as it stands in `HttpRequest.url`."""
    if _NEEDS_NO_ESCAPE.fullmatch(path) is not None:
        return path
    if "%" not in path:
        return quote(path, safe=_KEPT_IN_PATH)
    return "".join(
        piece if _IS_ESCAPE.fullmatch(piece) else quote(piece, safe=_KEPT_IN_PATH)
        for piece in re.split(r"(%[0-9a-fA-F]{2})", path)
    )


def url_of(authority: str, path: str, query: str) -> str:
    """Return the URL of a request: `path` is decoded, `query` as it was sent."""
    url = f"http://{authority}{encode_path(path)}"
    return f"{url}?{query.replace('#', '%23')}" if query else url


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

    Names are matched without regard to case and have their last spelling.
    """
    spelling: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in _pairs(query):
        spelling[name.lower()] = name
        values.setdefault(name.lower(), []).append(value)
    return {
        spelling[name]: text
        for name, items in values.items()
        if (text := ",".join(filter(None, items)))
    }


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for item in query.split("&"):
        if item:
            name, _, value = item.partition("=")
            yield _unescape(name), _unescape(value)


def _unescape(text: str) -> str:
    """Decode a part of a query; escapes that are no UTF-8 stay."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _ESCAPES.sub(lambda run: _decode_utf8(run[0]), text)
