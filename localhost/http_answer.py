"""What a function returned, as the answer that the real host makes of it (host-protocol 2.2)."""

import json
import re
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import quote

from multidict import CIMultiDict

from localhost.http_encoding import Answer
from localhost.rpc.messages import RpcHttp, RpcHttpCookie, SameSite, TypedData

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_TEXT: Final = "text/plain; charset=utf-8"
_SAME_SITE: Final[dict[int, str]] = {
    SameSite.Lax: "lax",
    SameSite.Strict: "strict",
    SameSite.ExplicitNone: "none",
}


class NoAnswer(Exception):
    """What was returned cannot be sent; the answer is an empty 500. `str` says why."""


def answer_of(returned: TypedData | None) -> Answer:
    """Return the answer. Raises NoAnswer."""
    if returned is not None and returned.http is not None:
        return _response(*_of_http(returned.http))
    if returned is not None and returned.string is not None:
        return _response(*_of_text(returned.string))
    kind = None if returned is None else returned.WhichOneof("data")
    raise NoAnswer(f"an HTTP function must return a response, not {kind or 'nothing'}")


Parts = tuple[int, CIMultiDict[str], bytes]


def _of_http(http: RpcHttp) -> Parts:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in http.headers.items():
        if name not in headers and not (name.lower() == "content-type" and not value):
            headers[name] = value
    for cookie in http.cookies or ():
        headers.add("Set-Cookie", _cookie(cookie))
    return _status(http.status_code), headers, _bytes_of(http.body)


def _bytes_of(body: TypedData) -> bytes:
    if body.bytes is not None:
        return body.bytes
    return (body.string or body.json or "").encode()


def _status(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise NoAnswer(f"{text!r} is no status") from None


def _cookie(cookie: RpcHttpCookie) -> str:
    """Return `Set-Cookie`, put together again from its parts."""
    return "; ".join(_parts_of(cookie))


def _parts_of(cookie: RpcHttpCookie) -> Iterator[str]:
    yield f"{cookie.name}={quote(cookie.value, safe='')}"
    expires = None if cookie.expires is None else cookie.expires.value
    if expires is not None:
        yield f"expires={formatdate(expires.seconds, usegmt=True)}"
    if cookie.max_age is not None:
        yield f"max-age={int(cookie.max_age.value)}"
    if cookie.domain is not None:
        yield f"domain={cookie.domain.value}"
    if cookie.path is not None:
        yield f"path={cookie.path.value}"
    if cookie.secure is not None and cookie.secure.value:
        yield "secure"
    if cookie.same_site in _SAME_SITE:
        yield f"samesite={_SAME_SITE[cookie.same_site]}"
    if cookie.http_only is not None and cookie.http_only.value:
        yield "httponly"


def _of_text(text: str) -> Parts:
    """Read a returned `str` as the host does: as JSON when it is that, else as it is."""
    headers = CIMultiDict({"Content-Type": _TEXT})
    try:
        value = json.loads(text)
    except ValueError:
        return 200, headers, text.encode()
    members = (
        {name.lower(): item for name, item in value.items()} if isinstance(value, dict) else {}
    )
    if "body" not in members:
        return 200, headers, _text_of(value, indent=2).encode()
    given = members.get("headers")
    if isinstance(given, dict):
        headers.update({str(name): str(item) for name, item in given.items()})
    if "charset" not in headers["Content-Type"]:
        headers["Content-Type"] += "; charset=utf-8"
    body = _text_of(members["body"], separators=(",", ":"))
    return _status_of(members), headers, body.encode()


def _text_of(value: Any, **layout: Any) -> str:
    """Return a text as it is, anything else as JSON, laid out as `json.dumps` is told."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, **layout)


def _status_of(members: Mapping[str, Any]) -> int:
    given = members.get("status", members.get("statuscode"))
    try:
        return int(str(given))
    except ValueError:
        return 200


def _response(status: int, headers: CIMultiDict[str], body: bytes) -> Answer:
    if status < 0:
        raise NoAnswer(f"{status} is no status")
    for name, value in headers.items():
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise NoAnswer(f"the header {name!r} cannot be sent")
    return Answer(status, headers, body, "Content-Length" not in headers)
