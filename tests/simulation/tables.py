"""The rows of all keys, and what may be done to them at one instant.

It is strict where Table Storage is: a transaction is all or nothing, and nothing else is. What is
read is a copy: whoever relies on the object that was put in is found out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Final

from store.ports.deadletters import DeadLetter, Name
from store.ports.inbox import Waiting
from store.ports.log import Tail
from store.ports.publications import Cursor, Marker
from store.ports.records import (
    NO_HEAD,
    Answered,
    Conflict,
    Entry,
    Head,
    Request,
    RowConflict,
    Unreadable,
)

PAGE: Final = 1_000

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Rows:
    """What is stored of one key."""

    inbox: dict[str, Waiting] = field(default_factory=dict)
    head: Head = NO_HEAD
    entries: dict[int, Entry] = field(default_factory=dict)
    requests: dict[str, Answered] = field(default_factory=dict)
    marker: Marker | None = None
    cursor: Cursor = field(default_factory=lambda: Cursor(0, None))
    states: dict[int, str | None] = field(default_factory=dict)
    """After each append: what a copy that lacks the last ones has in its head."""
    accepted_at: datetime = EPOCH
    """Of the last row that came into the inbox."""
    unreadable: bool = False
    """Whether a newer release, or damage, keeps the rows from being read."""


class Tables:
    """The storage account."""

    def __init__(self, changed: Callable[[str], object] = lambda _key: None) -> None:
        """`changed` hears of every key whose rows have changed."""
        self.keys: dict[str, Rows] = {}
        self.letters: dict[Name, DeadLetter] = {}
        self.buried: dict[Name, set[str]] = {}
        self.names_rows = True
        """Whether a conflict says which row was in the way: a store cannot always tell."""
        self._changed = changed
        self._versions = count(1)

    def rows(self, key: str) -> Rows:
        return self.keys.setdefault(key, Rows())

    def readable(self, key: str) -> Rows:
        rows = self.rows(key)
        if rows.unreadable:
            raise Unreadable(key)
        return rows

    # Inbox

    def put(self, key: str, requests: Sequence[Request], at: datetime) -> None:
        inbox = self.rows(key).inbox
        if any(each.id in inbox for each in requests):
            raise Conflict("inbox")
        inbox.update({each.id: Waiting(_request(each), at) for each in requests})
        self.rows(key).accepted_at = at
        self._changed(key)

    def get(self, key: str, ids: Sequence[str]) -> dict[str, Request]:
        inbox = self.readable(key).inbox
        return {each: _request(inbox[each].request) for each in ids if each in inbox}

    def remove(self, key: str, ids: Sequence[str]) -> None:
        for each in ids:
            self.rows(key).inbox.pop(each, None)
        self._changed(key)

    def discard(self, row: Waiting) -> None:
        asked = row.request
        if self.rows(asked.key).inbox.get(asked.id) == row:
            self.remove(asked.key, [asked.id])

    def page(self, key: str, limit: int) -> list[Waiting]:
        inbox = self.readable(key).inbox
        return [_waiting(inbox[each]) for each in sorted(inbox)[:limit]]

    def overdue(self, key: str, before: datetime, limit: int) -> list[Waiting]:
        inbox = self.rows(key).inbox.values()
        old = sorted((w for w in inbox if w.accepted_at < before), key=lambda w: w.accepted_at)
        return [_waiting(each) for each in old[:limit]]

    # Log

    def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        rows = self.rows(key)
        if self.head_moved(rows, head):
            raise Conflict("head")
        for each in answered:
            if self.is_taken(rows, each):
                raise RowConflict("row", self._name_of(rows, each.entry.request_id))
        rows.head = Head(after.place, after.state, self.version())
        rows.states[after.place] = after.state
        mark = self.version()
        made = {e.entry.place: replace(_entry(e.entry), mark=mark) for e in answered}
        rows.entries.update(made)
        rows.requests.update({each.entry.request_id: _answered(each) for each in answered})
        self._changed(key)
        return replace(rows.head)

    def _name_of(self, rows: Rows, request_id: str) -> str | None:
        """Name the request whose row is in the way, if it is that of a request."""
        return request_id if self.names_rows and request_id in rows.requests else None

    def head_moved(self, rows: Rows, head: Head) -> bool:
        return rows.head.version != head.version

    def is_taken(self, rows: Rows, answered: Answered) -> bool:
        entry = answered.entry
        return entry.place in rows.entries or entry.request_id in rows.requests

    def fence(self, key: str, head: Head) -> Head:
        rows = self.rows(key)
        if head.version is None or rows.head.version is None or self.head_moved(rows, head):
            raise Conflict("head")
        rows.head = replace(head, version=self.version())
        self._changed(key)
        return replace(rows.head)

    def head(self, key: str) -> Head:
        return replace(self.readable(key).head)

    def tail(self, key: str, after: int) -> Tail:
        entries = self.read(key, after, PAGE + 1)
        head = self.head(key) if len(entries) <= PAGE else None
        return Tail(entries[:PAGE], head)

    def find(self, key: str, ids: Sequence[str]) -> dict[str, Answered]:
        requests = self.readable(key).requests
        return {each: _answered(requests[each]) for each in ids if each in requests}

    def read(self, key: str, after: int, limit: int) -> list[Entry]:
        entries = self.readable(key).entries
        places = sorted(each for each in entries if each > after)[:limit]
        return [_entry(entries[each]) for each in places]

    def cut(self, key: str, place: int, back: Callable[[str], bool]) -> list[str]:
        """Lose the entries behind a place; return their requests, of which `back` says whether
        their inbox rows are there again."""
        rows = self.rows(key)
        lost = [rows.entries.pop(each) for each in sorted(rows.entries) if each > place]
        for entry in lost:
            payload = rows.requests.pop(entry.request_id).payload
            if back(entry.request_id):
                request = Request(key, entry.request_id, payload)
                rows.inbox[entry.request_id] = Waiting(request, rows.accepted_at)
        state = rows.states.get(place)
        rows.head = Head(place, state, self.version()) if place else NO_HEAD
        self._changed(key)
        return [each.request_id for each in lost]

    # Publications

    def mark(self, key: str, at: datetime) -> None:
        self.rows(key).marker = Marker(key, at, self.version())
        self._changed(key)

    def markers(self) -> list[Marker]:
        return [rows.marker for _, rows in sorted(self.keys.items()) if rows.marker]

    def unmark(self, marker: Marker) -> None:
        rows = self.rows(marker.key)
        if rows.marker != marker:
            raise Conflict("marker")
        rows.marker = None
        self._changed(marker.key)

    def cursor(self, key: str) -> Cursor:
        return self.rows(key).cursor

    def move(self, key: str, cursor: Cursor, place: int, trail: str) -> Cursor:
        rows = self.rows(key)
        if rows.cursor != cursor:
            raise Conflict("cursor")
        rows.cursor = Cursor(place, self.version(), trail)
        self._changed(key)
        return replace(rows.cursor)

    # Dead letters

    def bury(self, letter: DeadLetter) -> None:
        self.letters[letter.summary.name] = letter
        self.buried.setdefault(letter.summary.name, set()).add(letter.body.decode())
        self._changed(letter.summary.name.partition)

    def version(self) -> str:
        return str(next(self._versions))


def _request(request: Request) -> Request:
    return replace(request, payload=_fresh(request.payload))


def _waiting(row: Waiting) -> Waiting:
    return Waiting(_request(row.request), row.accepted_at)


def _entry(entry: Entry) -> Entry:
    return replace(entry, output=_fresh(entry.output))


def _answered(answered: Answered) -> Answered:
    return Answered(_entry(answered.entry), _fresh(answered.payload))


def _fresh(text: str) -> str:
    """Return an equal text that is another object, where it has more than a character."""
    return text[:1] + text[1:]
