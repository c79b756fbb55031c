"""The ports of the store over simulated tables, behind a network that fails on both sides of every
call. Rows asked for together are read one part after the other; rows removed together go so too."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from random import Random
from typing import TypeVar

from store.ports.deadletters import DeadLetter, DeadLetters, Name, Summary
from store.ports.inbox import Inbox, Waiting
from store.ports.log import Log, Tail
from store.ports.publications import Cursor, Marker, Publications
from store.ports.records import (
    INBOX_ROWS_MAX,
    LOG_ENTRIES_MAX,
    Answered,
    Entry,
    Head,
    Request,
)
from store.ports.store import Store
from tests.simulation.network import Network
from tests.simulation.places import StorePlaces
from tests.simulation.tables import Tables

T = TypeVar("T")

OVERDUE_ROWS_MAX = 1_000
"""Of one key, shown to the sweeper at once."""


class Calls:
    """Calls of one process: they have only so many connections."""

    def __init__(self, tables: Tables, network: Network, tear: Random | None) -> None:
        self.tables, self._network, self._tear = tables, network, tear
        self._places = StorePlaces()

    async def __call__(
        self, name: str, key: str, detail: object, effect: Callable[[], T], requests: int = 1
    ) -> T:
        place = await self._places.take(key)
        try:
            return await self._network.call(name, key, detail, effect, requests=requests)
        finally:
            self._places.give_back(place)

    def parts(self, ids: Sequence[str]) -> list[list[str]]:
        """Cut what is asked for together: it may be read at two moments."""
        ids = list(ids)
        if self._tear is None or len(ids) < 2:
            return [ids] if ids else []
        cut = self._tear.randrange(len(ids))
        return [part for part in (ids[:cut], ids[cut:]) if part]


class SimulatedInbox(Inbox):
    """A point read per row that is asked for by its id."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._tables = calls, calls.tables

    async def put(self, requests: Sequence[Request], accepted_at: datetime) -> None:
        assert 0 < len({each.id for each in requests}) == len(requests) <= INBOX_ROWS_MAX
        (key,) = {each.key for each in requests}
        assert accepted_at.tzinfo is not None
        rows, detail = list(requests), [(each.id, each.payload) for each in requests]
        await self._calls(
            "inbox.put", key, detail, lambda: self._tables.put(key, rows, accepted_at)
        )

    async def get(self, key: str, request_ids: Sequence[str]) -> dict[str, Request]:
        found: dict[str, Request] = {}
        for part in self._calls.parts(request_ids):
            effect = partial(self._tables.get, key, part)
            found |= await self._calls("inbox.get", key, part, effect, len(part))
        return found

    async def waiting(self, key: str, request_id: str) -> Waiting | None:
        page = await self.page(key, 1_000)
        return next((each for each in page if each.request.id == request_id), None)

    async def remove(self, key: str, request_ids: Sequence[str]) -> None:
        for part in self._calls.parts(request_ids):
            effect = partial(self._tables.remove, key, part)
            await self._calls("inbox.remove", key, part, effect, -(-len(part) // 100))

    async def discard(self, row: Waiting) -> None:
        effect = partial(self._tables.discard, row)
        await self._calls("inbox.remove", row.request.key, [row.request.id], effect)

    async def page(self, key: str, limit: int) -> list[Waiting]:
        assert 1 <= limit <= 1_000
        return await self._calls("inbox.page", key, limit, lambda: self._tables.page(key, limit))

    async def count(self, key: str, at_most: int) -> int:
        rows = self._tables.rows(key)
        return await self._calls("inbox.count", key, "", lambda: min(at_most, len(rows.inbox)))

    async def overdue(self, accepted_before: datetime) -> AsyncIterator[Sequence[Waiting]]:
        """One request finds all keys, as a scan of the table does, and none hides another."""
        found = await self._calls("inbox.overdue", "*", "", lambda: self._keys(accepted_before))
        for key in found:
            rows = self._tables.overdue(key, accepted_before, OVERDUE_ROWS_MAX)
            if rows:
                yield rows

    def _keys(self, before: datetime) -> list[str]:
        return [key for key in self._tables.keys if self._tables.overdue(key, before, 1)]


class SimulatedLog(Log):
    """A point read per request row; all else is one request."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._tables = calls, calls.tables

    async def head(self, key: str) -> Head:
        return await self._calls("log.head", key, "", lambda: self._tables.head(key))

    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        assert 0 < len(answered) <= LOG_ENTRIES_MAX
        places = [each.entry.place for each in answered]
        assert places == list(range(head.place + 1, after.place + 1)), (head, after, places)
        rows = list(answered)
        detail = [(each.entry.place, each.entry.request_id, each.payload) for each in rows]
        return await self._calls(
            "log.append", key, detail, lambda: self._tables.append(key, head, after, rows)
        )

    async def tail(self, key: str, after: int) -> Tail:
        return await self._calls("log.tail", key, after, lambda: self._tables.tail(key, after))

    async def find(self, key: str, request_ids: Sequence[str]) -> dict[str, Answered]:
        found: dict[str, Answered] = {}
        for part in self._calls.parts(request_ids):
            effect = partial(self._tables.find, key, part)
            found |= await self._calls("log.find", key, part, effect, len(part))
        return found

    async def get(self, key: str, place: int) -> Entry | None:
        found = await self._calls(
            "log.get", key, place, lambda: self._tables.read(key, place - 1, 1)
        )
        return found[0] if found and found[0].place == place else None

    async def read(self, key: str, after: int, limit: int) -> list[Entry]:
        assert 1 <= limit <= 1_000
        effect = partial(self._tables.read, key, after, limit)
        return await self._calls("log.read", key, after, effect)

    async def fence(self, key: str, head: Head) -> Head:
        effect = partial(self._tables.fence, key, head)
        return await self._calls("log.fence", key, head.place, effect)


class SimulatedPublications(Publications):
    """Markers and cursors of publishing."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._tables = calls, calls.tables

    async def mark(self, key: str, at: datetime) -> None:
        await self._calls("marker.set", key, "", lambda: self._tables.mark(key, at))

    async def marked(self) -> AsyncIterator[Sequence[Marker]]:
        if page := await self._calls("marker.list", "*", "", self._tables.markers):
            yield page

    async def unmark(self, marker: Marker) -> None:
        await self._calls("marker.remove", marker.key, "", lambda: self._tables.unmark(marker))

    async def cursor(self, key: str) -> Cursor:
        return await self._calls("cursor.get", key, "", lambda: self._tables.cursor(key))

    async def move(self, key: str, cursor: Cursor, place: int, trail: str) -> Cursor:
        detail = f"from {cursor.place} to {place}"
        effect = partial(self._tables.move, key, cursor, place, trail)
        return await self._calls("cursor.move", key, detail, effect)


class SimulatedDeadLetters(DeadLetters):
    """What can never become an entry."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._letters = calls, calls.tables

    async def put(self, letter: DeadLetter) -> None:
        name = letter.summary.name
        await self._calls("letter.put", name.partition, name, lambda: self._letters.bury(letter))

    async def pages(self) -> AsyncIterator[Sequence[Summary]]:
        yield [letter.summary for letter in self._letters.letters.values()]

    async def get(self, name: Name) -> DeadLetter | None:
        letters = self._letters.letters
        return await self._calls("letter.get", name.partition, name, lambda: letters.get(name))

    async def remove(self, name: Name, stored_at: datetime | None = None) -> None:
        letters = self._letters.letters
        if name in letters and stored_at in {None, letters[name].summary.stored_at}:
            del letters[name]


class SimulatedStore(Store):
    """With `tear`, what is asked for together is not read at once."""

    def __init__(self, tables: Tables, network: Network, tear: Random | None = None) -> None:
        calls = Calls(tables, network, tear)
        self._inbox, self._log = SimulatedInbox(calls), SimulatedLog(calls)
        self._publications, self._letters = (
            SimulatedPublications(calls),
            SimulatedDeadLetters(calls),
        )
        self._swept_at: datetime | None = None

    @property
    def inbox(self) -> Inbox:
        return self._inbox

    @property
    def log(self) -> Log:
        return self._log

    @property
    def publications(self) -> Publications:
        return self._publications

    @property
    def deadletters(self) -> DeadLetters:
        return self._letters

    async def note_sweep(self, at: datetime) -> None:
        self._swept_at = at

    async def last_sweep(self) -> datetime | None:
        return self._swept_at

    async def check(self) -> Mapping[str, str]:
        return {}

    async def close(self) -> None:
        """Nothing to give back."""
