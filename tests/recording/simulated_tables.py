"""The tables of the simulation, with a line of a trace for each effect on them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import override

from store.ports.deadletters import DeadLetter
from store.ports.inbox import Waiting
from store.ports.log import Tail
from store.ports.publications import Cursor, Marker
from store.ports.records import Answered, Conflict, Entry, Head, Request
from tests.recording.shown import head_of, rows_of
from tests.recording.simulated import Recording
from tests.simulation.loop import OWNER
from tests.simulation.tables import Tables
from tests.simulation.world import BEGINNING

MILLISECOND = timedelta(milliseconds=1)


class RecordedTables(Tables):
    """Does as the tables do, and writes down what it did."""

    def __init__(self, recording: Recording, changed: Callable[[str], object]) -> None:
        super().__init__(changed)
        self._to = recording

    @property
    def _is_heard(self) -> bool:
        return self._to.call is not None and self._to.call.is_heard

    # Inbox

    @override
    def put(self, key: str, requests: Sequence[Request], at: datetime) -> None:
        there = [each for each in requests if each.id in self.rows(key).inbox]
        try:
            super().put(key, requests, at)
        except Conflict:
            for each in there:
                self._to.heard(key, "inbox.put", **self._put(each), outcome="exists")
            raise
        for each in requests:
            about = {**self._put(each), "accepted": (at - BEGINNING) // MILLISECOND}
            if self._is_heard:
                self._to.heard(key, "inbox.put", **about, outcome="committed")
            elif self._to.call is not None:
                name = self._to.name(self._to.call.process)
                self._to.line(key, "inbox.put", process=name, **about, outcome="unknown")
                self._to.line(key, "inbox.put.landed", **about)

    def _put(self, request: Request) -> Mapping[str, Any]:
        made = (request.key, request.id) in self._to.made
        return {"request": request.id, "payload": request.payload, "made": made}

    @override
    def get(self, key: str, ids: Sequence[str]) -> dict[str, Request]:
        found = super().get(key, ids)
        self._inbox_read(key, found.values(), [each for each in ids if each not in found])
        return found

    @override
    def page(self, key: str, limit: int) -> list[Waiting]:
        page = super().page(key, limit)
        found = {each.request.id: each.request for each in page}
        absent: list[str] = []
        if self._to.call is not None and len(page) < limit:
            listed = self._to.listed[self._to.name(self._to.call.process), key]
            absent = sorted(listed - found.keys())
        self._inbox_read(key, found.values(), absent)
        return page

    @override
    def overdue(self, key: str, before: datetime, limit: int) -> list[Waiting]:
        rows = super().overdue(key, before, limit)
        process = OWNER.get()
        if self._to.call is None and process is not None:
            found = {each.request.id: each.request.payload for each in rows}
            name = self._to.name(process)
            self._to.line(key, "inbox.read", process=name, found=found, absent=[])
        return rows

    def _inbox_read(self, key: str, found: Any, absent: Sequence[str]) -> None:
        shown = {each.id: each.payload for each in found}
        self._to.heard(key, "inbox.read", found=shown, absent=list(absent))

    @override
    def remove(self, key: str, ids: Sequence[str]) -> None:
        there = [each for each in ids if each in self.rows(key).inbox]
        super().remove(key, ids)
        if not there:
            return
        if self._is_heard:
            self._to.heard(key, "inbox.remove", requests=there, outcome="committed")
        else:
            self._to.sent_unheard(key, "inbox.remove", requests=there)
            for each in there:
                self._to.line(key, "inbox.remove.landed", request=each)

    # Log

    @override
    def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        assert self._to.call is not None
        entries = [(each.entry.request_id, each.payload) for each in answered]
        about = {"head": head_of(head), "entries": entries}
        try:
            appended = super().append(key, head, after, answered)
        except Conflict:
            self._to.heard(key, "log.append", by=self._to.call.by, **about, outcome="refused")
            raise
        done = {**about, "version": appended.version}
        if self._is_heard:
            self._to.heard(key, "log.append", by=self._to.call.by, **done, outcome="committed")
        else:
            self._to.sent_unheard(key, "log.append", by=self._to.call.by, **about)
            self._to.line(key, "log.append.landed", **done)
        return appended

    @override
    def fence(self, key: str, head: Head) -> Head:
        try:
            fenced = super().fence(key, head)
        except Conflict:
            self._to.heard(key, "head.fence", head=head_of(head), outcome="refused")
            raise
        self._publishing(
            key, "head.fence", head=head_of(head), outcome="committed", version=fenced.version
        )
        return fenced

    @override
    def head(self, key: str) -> Head:
        head = super().head(key)
        self._to.heard(key, "log.read", rows=[], head=head_of(head))
        return head

    @override
    def tail(self, key: str, after: int) -> Tail:
        call, self._to.call = self._to.call, None  # it is one reading, not two
        tail = super().tail(key, after)
        self._to.call = call
        about = {} if tail.head is None else {"head": head_of(tail.head)}
        self._to.heard(key, "log.read", rows=rows_of(tail.entries), **about)
        return tail

    @override
    def find(self, key: str, ids: Sequence[str]) -> dict[str, Answered]:
        found = super().find(key, ids)
        places = {each: answered.entry.place for each, answered in found.items()}
        absent = [each for each in ids if each not in found]
        self._to.heard(key, "request.read", found=places, absent=absent)
        return found

    @override
    def read(self, key: str, after: int, limit: int) -> list[Entry]:
        entries = super().read(key, after, limit)
        self._to.heard(key, "log.read", rows=rows_of(entries))
        return entries

    @override
    def cut(self, key: str, place: int, back: Callable[[str], bool]) -> list[str]:
        self._to.end([key])
        return super().cut(key, place, back)

    # Publications

    @override
    def mark(self, key: str, at: datetime) -> None:
        super().mark(key, at)
        assert self._to.call is not None
        self._to.line(key, "marker.set", process=self._to.name(self._to.call.process))

    @override
    def markers(self) -> list[Marker]:
        markers = super().markers()
        for each in markers:
            self._to.heard(each.key, "marker.read")
        return markers

    @override
    def unmark(self, marker: Marker) -> None:
        super().unmark(marker)
        self._publishing(marker.key, "marker.remove")

    @override
    def cursor(self, key: str) -> Cursor:
        cursor = super().cursor(key)
        self._to.heard(key, "cursor.read", last=cursor.place)
        return cursor

    @override
    def move(self, key: str, cursor: Cursor, place: int, trail: str) -> Cursor:
        moved = super().move(key, cursor, place, trail)
        self._publishing(key, "cursor.move", last=place)
        return moved

    def _publishing(self, key: str, kind: str, **fields: Any) -> None:
        """Write a line, or end the trace: a write that lands late is not followed."""
        if self._is_heard:
            self._to.heard(key, kind, **fields)
        else:
            self._to.end([key])

    # Dead letters

    @override
    def bury(self, letter: DeadLetter) -> None:
        self._to.end([letter.summary.name.partition])
        super().bury(letter)
