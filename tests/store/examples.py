"""Requests, and the entries that answer them, as the tests of all stores need them."""

import json
import string
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from store.ports.log import Log
from store.ports.records import Answered, Entry, Head, Request

NOON: Final = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)

VISIBLE_ASCII: Final = "".join(chr(code) for code in range(0x21, 0x7F))

ALLOWED: Final = "".join(each for each in VISIBLE_ASCII if each not in "/\\?#%")
"""Of request ids and string keys."""

IDS: Final = {
    "uuid": "6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34",
    "one character": "x",
    "all that is allowed": ALLOWED,
    "255 harmless": (string.ascii_letters * 5)[:255],
    "100 harmless": "k" * 100,
    "101 harmless": "k" * 101,
    "64 harmless": "k" * 64,
    "65 harmless": "k" * 65,
    "255 quotes": "'" * 255,
    "event": "event:requests:3:1234567890",
    "quotes": """'it''s_"quoted"'_eq_'""",
    "three dots": "...",
    "at a parameter of a filter": "@key",
    "upper case": "ID",
    "lower case": "id",
    "like a head": "thead",
    "like an entry": "t0000000001",
    "like a request": "r.x",
    "like a hash": "_" + "0" * 64,
    "like a hashed partition": "~" + "0" * 64,
    "like the health": "~health",
    "like a marker": "~m1",
    "tilde": "~",
    "parentheses": "(RowKey='x')",
    "percent's neighbours": "$25&+=;:,<>{}|^`[]!*",
}
"""Request ids and keys, by what is special about them. No two are equal, some nearly are."""

TEXTS: Final = {
    "plain": "Buy milk",
    "500 emoji": "🥛" * 500,
    "500 of three bytes": "漢" * 500,
    "quotes": """'";--'""" * 10,
    "JSON": '{"title": "\\u0041\\n"}',
    "markup": "<a href='&amp;'>]]></a>",
    "boundary": "\r\n--changeset_1\r\n--",
    "answer": "\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "control characters": "".join(map(chr, range(32))) + "\x7f\x85",
    "line endings of others": "a\u2028b\u2029c\u00a0d",
    "private use": "\ue000\uffff",
    "number": "42",
    "date": "2026-05-04T12:00:00Z",
    "nothing": "",
}


def canonical(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def a_request(key: str, request_id: str, title: str = "Buy milk") -> Request:
    return Request(key, request_id, canonical({"title": title}))


def some_requests(key: str, names: Iterable[object]) -> list[Request]:
    return [a_request(key, f"request-{name}", f"text of {name}") for name in names]


def answer(request: Request, place: int, *, refused: bool = False) -> Answered:
    output = canonical({"id": place, "of": json.loads(request.payload)})
    return Answered(Entry(place, request.id, 1 + place % 3, output, refused), request.payload)


def answers(requests: Sequence[Request], after: int) -> list[Answered]:
    return [answer(each, after + n, refused=n % 4 == 3) for n, each in enumerate(requests, 1)]


def following(head: Head, requests: Sequence[Request]) -> tuple[Head, list[Answered]]:
    """The answers to the requests in a log with this head, and its next head."""
    answered = answers(requests, head.place)
    place = head.place + len(answered)
    return Head(place, canonical({"last": place}), None), answered


async def append(log: Log, requests: Sequence[Request], head: Head | None = None) -> list[Answered]:
    """Append answers to the requests behind the head, the present one unless told otherwise."""
    key = requests[0].key
    if head is None:
        head = await log.head(key)
    after, answered = following(head, requests)
    moved = await log.append(key, head, after, answered)
    assert (moved.place, moved.state) == (after.place, after.state)
    return answered
