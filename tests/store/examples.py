"""Requests, and the entries that answer them, as the tests of all stores need them."""

import string
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from store.port import Entry, Head, Log
from todos import TodoRequest, create

NOON: Final = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)

VISIBLE_ASCII: Final = "".join(chr(code) for code in range(0x21, 0x7F))

REQUEST_IDS: Final = {
    "uuid": "6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34",
    "one character": "x",
    "all visible ASCII": VISIBLE_ASCII,
    "255 harmless": (string.ascii_letters * 5)[:255],
    "255 slashes": "/" * 255,
    "255 emoji": "🧊" * 255,
    "event": "todo-requests/3/1234567890",
    "quotes": """'it''s "quoted"' eq '""",
    "percent": "%2F%25%00%54",
    "backslash": "\\..\\..\\#?&=+",
    "dots": "..",
    "spaces": "  a  b  ",
    "at a parameter of a filter": "@project and RowKey ge @first",
    "composed": "é",
    "decomposed": "e\u0301",
    "upper case": "ID",
    "lower case": "id",
    "like a head": "head",
    "like a TODO": "t0000000001",
    "right to left": "\u202eabc אבג",
}
"""By what is special about them. No two are equal, some nearly are."""

TITLES: Final = {
    "plain": "Buy milk",
    "500 emoji": "🥛" * 500,
    "500 of three bytes": "漢" * 500,
    "quotes": """'";--'""" * 10,
    "JSON": '{"title": "\\u0041\\n"}',
    "markup": "<a href='&amp;'>]]></a>",
    "boundary": "--changeset_1\r--",
    "outside of line endings": "a\u2028b\u2029c\u00a0d",
    "blanks inside": "a    b",
    "number": "42",
    "date": "2026-05-04T12:00:00Z",
    "nothing": "null",
}


def a_request(project_id: int, request_id: str, title: str = "Buy milk") -> TodoRequest:
    return TodoRequest(project_id, request_id, title)


def some_requests(project_id: int, ids: Iterable[object]) -> list[TodoRequest]:
    return [a_request(project_id, f"request-{id_}", f"TODO of {id_}") for id_ in ids]


def following(state: int, requests: Sequence[TodoRequest]) -> tuple[int, list[Entry]]:
    """The entries that answer the requests in a log in this state, and its next state."""
    entries: list[Entry] = []
    for request in requests:
        todo, state = create(request, state)
        entries.append(Entry(request.request_id, todo))
    return state, entries


async def append(
    log: Log, project_id: int, requests: Sequence[TodoRequest], head: Head | None = None
) -> list[Entry]:
    """Append answers to the requests behind the head, the present one unless told otherwise."""
    if head is None:
        head = await log.head(project_id)
    state, entries = following(head.state, requests)
    await log.append(project_id, head, state, entries)
    return entries
