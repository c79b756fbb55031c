"""What requests carry outside their JSON: media type, body size, path and query parameters.

Routes have no type constraints: the platform would answer 404 with an empty body, we say which
parameter is wrong and why.
"""

from typing import Final

import azure.functions as func

from todos import ID_MAX
from todos.wire import PROJECT_ID_MAX, FieldError, Invalid, check_request_id, parse_integer
from triggers.problems import NOT_JSON, TOO_LARGE, Problem

BODY_BYTES_MAX: Final = 16 * 1024
"""One request: the longest title, all of it escaped, is 6 KB."""

BATCH_BODY_BYTES_MAX: Final = 4 * 1024 * 1024

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1_000
"""TODOs in one page: one round trip to Table Storage."""

PAGE: Final = (("after", 0, 0, ID_MAX), ("limit", LIMIT_DEFAULT, 1, LIMIT_MAX))
"""Name, default, least and greatest value of the query parameters of a page."""


def json_body(req: func.HttpRequest, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Return the body of a request that says it is JSON. Raises Problem."""
    media_type = req.headers.get("content-type", "")
    if media_type != "application/json":
        _check_media_type(media_type)
    body: bytes = req.get_body()
    if len(body) > bytes_max:
        raise Problem(TOO_LARGE, f"It has {len(body)} bytes; {bytes_max} are allowed.")
    return body


def project_id(req: func.HttpRequest) -> int:
    """Return `{projectId}` of the path. Raises Invalid."""
    return _integer("path:projectId", req.route_params.get("projectId", ""), 1, PROJECT_ID_MAX)


def todo_id(req: func.HttpRequest) -> int:
    """Return `{id}` of the path. Raises Invalid."""
    return _integer("path:id", req.route_params.get("id", ""), 1, ID_MAX)


def request_id(req: func.HttpRequest) -> str:
    """Return `{*requestId}` of the path, slashes and all. Raises Invalid."""
    try:
        return check_request_id(req.route_params.get("requestId", ""))
    except ValueError as error:
        raise Invalid(FieldError("path:requestId", str(error))) from None


def page(req: func.HttpRequest) -> tuple[int, int]:
    """Return `after` and `limit` of the query. Raises Invalid.

    A name given twice arrives as `1,2` and so is no integer; one without a value does not arrive.
    """
    errors: list[FieldError] = []
    values: list[int] = []
    for name, default, least, most in PAGE:
        text = req.params.get(name, str(default))
        try:
            values.append(_integer(f"query:{name}", text, least, most))
        except Invalid as invalid:
            errors += invalid.errors
    if errors:
        raise Invalid(*errors)
    return values[0], values[1]


def _integer(pointer: str, text: str, least: int, most: int) -> int:
    try:
        return parse_integer(text, least, most)
    except ValueError as error:
        raise Invalid(FieldError(pointer, str(error))) from None


def _check_media_type(header: str) -> None:
    media_type, _, parameters = header.partition(";")
    charset = next(
        (value for name, _, value in (p.partition("=") for p in parameters.split(";"))
         if name.strip().lower() == "charset"),
        "utf-8",
    )  # fmt: skip
    if media_type.strip().lower() != "application/json":
        _refuse_media_type("must be application/json")
    if charset.strip().strip('"').lower() not in {"utf-8", "utf8"}:
        _refuse_media_type("must not name a charset other than UTF-8")


def _refuse_media_type(detail: str) -> None:
    error = FieldError("header:Content-Type", detail)
    raise Problem(NOT_JSON, "Nothing was stored. Send application/json in UTF-8.", (error,))
