"""Filters and pages of lists: query string in, continuation token out.

What does not parse is ignored, as in the real host: an unknown status, a bad time, `top=x`.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from localhost.taskhub.clock import Microseconds, from_iso
from localhost.taskhub.instances import PAGE_SIZE_DEFAULT, Filter
from localhost.taskhub.rpc import WENT_WRONG, BadJson, Call, answer, failure
from localhost.taskhub.runtime import InstanceRow

TOKEN: Final = "x-ms-continuation-token"  # noqa: S105 - the name of a header
_STATUSES: Final = (
    "Running", "Completed", "ContinuedAsNew", "Failed", "Canceled", "Terminated", "Pending",
    "Suspended",
)  # fmt: skip
"""Their numbers are their places."""
_NOTHING_AFTER: Final = "\U0010ffff"


def wanted(
    call: Call,
    prefix: str | None = None,
    times: tuple[str, str] = ("createdtimefrom", "createdtimeto"),
) -> Filter:
    """Read the filter of a list or a purge; `times` name the members of its range."""
    return Filter(
        created_from=_time(call, times[0]),
        created_to=_time(call, times[1]),
        statuses=statuses_of(call.query.get("runtimestatus", "")),
        prefix=call.query.get("instanceidprefix", "") if prefix is None else prefix,
        first=_first(call.request.headers.get(TOKEN, "")),
        top=_top(call.query.get("top", "")),
    )


def page(shown: Sequence[str], rows: Sequence[InstanceRow], asked: Filter) -> web.Response:
    """Answer one page of at most `asked.top` of the rows, with a token when there are more."""
    headers = {}
    if len(rows) > asked.top:
        headers[TOKEN] = base64.b64encode(rows[asked.top].id.encode()).decode() + " "
    return answer(200, "[" + ",".join(shown[: asked.top]) + "]", **headers)


def statuses_of(text: str) -> frozenset[str]:
    """Return the statuses of a comma list, in any case or as numbers."""
    by_name = {name.lower(): name for name in _STATUSES}
    by_name |= {str(number): name for number, name in enumerate(_STATUSES)}
    names = (by_name.get(item.strip().lower()) for item in text.split(","))
    return frozenset(name for name in names if name is not None)


def _first(token: str) -> str:
    """Return the id at which a page begins; behind all of them for a bad token."""
    if not token:
        return ""
    try:
        return base64.b64decode(token.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return _NOTHING_AFTER


def _time(call: Call, name: str) -> Microseconds | None:
    try:
        return from_iso(call.query.get(name, ""))
    except ValueError:
        return None


def _top(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        return PAGE_SIZE_DEFAULT
    if number < 0:
        said = "Non-negative number required. (Parameter 'pageSizeHint')"
        kind = "System.ArgumentOutOfRangeException"
        raise BadJson(failure(500, WENT_WRONG, said, kind))
    return number
