"""What requests carry outside their JSON: media type, body size, path and query parameters.

Routes have no type constraints: the platform would answer 404 with an empty body, we say which
parameter is wrong and why.
"""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func

from domain.addresses import check_address, check_client_id, parse_integer
from domain.invalid import FieldError, Findings, Invalid
from domain.sizes import BODY_BYTES_MAX, PLACE_MAX
from triggers.http.kinds import NOT_JSON, TOO_LARGE
from triggers.http.problems import Problem

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1_000
"""Entries in one page: one round trip to Table Storage."""

PAGE: Final = (("after", 0, 0, PLACE_MAX), ("limit", LIMIT_DEFAULT, 1, LIMIT_MAX))
"""Name, default, least and greatest value of the query parameters of a page."""


def json_body(req: func.HttpRequest, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Return the body of a request that says it is JSON. Raises Problem."""
    media_type = req.headers.get("content-type", "")
    if media_type != "application/json":
        _check_media_type(media_type)
    encoding = req.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        _refuse("Content-Encoding", "must not be there: compressed bodies are not read")
    body: bytes = req.get_body()
    if len(body) > bytes_max:
        raise Problem(TOO_LARGE, f"It has {len(body)} bytes; {bytes_max} are allowed.")
    return body


def request_id(req: func.HttpRequest, name: str, *, of_client: bool) -> str:
    """Return the request id of the path. Raises Invalid.

    `of_client`: it names a new request, which must not claim the id of an event.
    """
    check = check_client_id if of_client else check_address
    segment = req.route_params.get(name, "")
    if urlsplit(req.url).path.endswith("/"):
        segment += "/"  # which a router may have taken away: `r/` is not another name for `r`
    try:
        return check(segment)
    except ValueError as error:
        raise Invalid(FieldError(f"path:{name}", str(error))) from None


def place(req: func.HttpRequest, name: str) -> int:
    """Return the place of the path. Raises Invalid."""
    try:
        return parse_integer(req.route_params.get(name, ""), 1, PLACE_MAX)
    except ValueError as error:
        raise Invalid(FieldError(f"path:{name}", str(error))) from None


def page(req: func.HttpRequest) -> tuple[int, int]:
    """Return `after` and `limit` of the query. Raises Invalid.

    Read from the address itself: the platform leaves out a name without a value, and a client with
    an empty cursor would start over without noticing.
    """
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(req.url).query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    findings = Findings()
    values = [_number(given.get(each[0]), each, findings) for each in PAGE]
    findings.check()
    return values[0], values[1]


def _number(texts: list[str] | None, bounds: tuple[str, int, int, int], findings: Findings) -> int:
    name, default, least, most = bounds
    if texts is None:
        return default
    try:
        return parse_integer(",".join(texts), least, most)
    except ValueError as error:
        findings.add(f"query:{name}", str(error))
        return default


def _check_media_type(header: str) -> None:
    media_type, _, parameters = header.partition(";")
    charset = next(
        (value for name, _, value in (p.partition("=") for p in parameters.split(";"))
         if name.strip().lower() == "charset"),
        "utf-8",
    )  # fmt: skip
    if media_type.strip().lower() != "application/json":
        _refuse("Content-Type", "must be application/json")
    if charset.strip().strip('"').lower() not in {"utf-8", "utf8"}:
        _refuse("Content-Type", "must not name a charset other than UTF-8")


def _refuse(header: str, detail: str) -> None:
    error = FieldError(f"header:{header}", detail)
    detail = "Nothing was stored. Send application/json in UTF-8, without Content-Encoding."
    raise Problem(NOT_JSON, detail, (error,))
