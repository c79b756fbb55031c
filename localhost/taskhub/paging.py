"""Filters and pages of lists: query string in, continuation token out."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from localhost.taskhub.clock import Microseconds, from_iso
from localhost.taskhub.instances import PAGE_SIZE_DEFAULT, Filter
from localhost.taskhub.management import Invalid
from localhost.taskhub.rpc import Call, answer
from localhost.taskhub.runtime import InstanceRow

TOKEN: Final = "x-ms-continuation-token"  # noqa: S105 - the name of a header
PAGE_SIZE_MAX: Final = 1000


def wanted(call: Call, prefix: str | None = None) -> Filter:
    """Read the filter of a list or a purge. Raises Invalid."""
    statuses = call.query.get("runtimestatus", "")
    return Filter(
        created_from=_time(call, "createdtimefrom"),
        created_to=_time(call, "createdtimeto"),
        statuses=frozenset(filter(None, (name.strip() for name in statuses.split(",")))),
        prefix=call.query.get("instanceidprefix", "") if prefix is None else prefix,
        after=_after(call.request.headers.get(TOKEN, "")),
        top=_top(call.query.get("top", "")),
    )


def page(shown: Sequence[str], rows: Sequence[InstanceRow], asked: Filter) -> web.Response:
    """Answer one page, with a token when there may be another."""
    headers = {}
    if rows and len(rows) == asked.top:
        headers[TOKEN] = base64.b64encode(json.dumps(rows[-1].id).encode()).decode()
    return answer(200, "[" + ",".join(shown) + "]", **headers)


def _after(token: str) -> str:
    if not token:
        return ""
    try:
        return str(json.loads(base64.b64decode(token, validate=True)))
    except (binascii.Error, ValueError) as error:
        message = "This is not a continuation token."
        raise Invalid(message) from error


def _time(call: Call, name: str) -> Microseconds | None:
    text = call.query.get(name)
    if not text:
        return None
    try:
        return from_iso(text)
    except ValueError as error:
        message = f"{name} is not a time: {error}"
        raise Invalid(message) from error


def _top(text: str) -> int:
    if not text:
        return PAGE_SIZE_DEFAULT
    if not text.isdecimal() or not 1 <= int(text) <= PAGE_SIZE_MAX:
        message = f"top is not a number from 1 to {PAGE_SIZE_MAX}"
        raise Invalid(message)
    return int(text)
