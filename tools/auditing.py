"""What storage alone can prove about one project: that its log is what it was promised to be.

The app may be running. What is read when makes the difference between its work and a violation:

    1. the cursor   moves behind the head only, so it is at most what the head says later
    2. the head     all rows up to it are there by now, and never change
    3. the rows     up to that head they must agree; above it they are work of the meantime
    4. the inbox
    5. the head     an append writes it with its rows, so no row that was seen is above it

Rows above the first head are proved by the next audit. Memory does not grow with the project:
whether the request rows say what the TODO rows say, in whatever order they come, is seen from two
sums of keyed hashes. Only where these differ does a second pass look up each row's counterpart.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from store.audit_port import AuditReader, Damaged, InboxRow, Kind, LogRow
from todos import EMPTY, ID_MAX, last_id
from tools.findings import Finding, Severity

HASH_BYTES: Final = 32
"""Of a hash, and of the key, which is drawn anew for each run: nobody can make rows that cancel
each other out, and chance does it once in 2^256."""

SUMS: Final = 2 ** (8 * HASH_BYTES)

_KEY: Final = secrets.token_bytes(HASH_BYTES)


@dataclass(slots=True)
class Reading:
    """What one pass over the rows of a log has seen."""

    head: int | None
    """What the head said at first; None when that made no sense, and nothing can be appended."""
    last: int = 0
    """Id of the last TODO row up to the bound."""
    sums: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    counts: Counter[Kind] = field(default_factory=Counter)
    highest: dict[Kind, LogRow] = field(default_factory=dict)

    @property
    def bound(self) -> int:
        """Up to this id, rows are there for good."""
        return ID_MAX if self.head is None else self.head

    def add(self, row: LogRow) -> None:
        """Take a row into account, except for the order of ids."""
        highest = self.highest.get(row.kind)
        if highest is None or row.id > highest.id:
            self.highest[row.kind] = row
        if row.id <= self.bound:
            self.sums[row.kind] = (self.sums[row.kind] + _hash(row)) % SUMS
            self.counts[row.kind] += 1

    @property
    def agrees(self) -> bool:
        """Whether TODO rows and request rows say the same."""
        return self.sums[Kind.TODO] == self.sums[Kind.REQUEST]


class ProjectAudit:
    """The audit of one project. Counts what it has checked under the names of `COUNTED`."""

    def __init__(self, reader: AuditReader, project_id: int, checked: Counter[str]) -> None:
        """Read through `reader`, add to `checked`."""
        self._reader = reader
        self._id = project_id
        self._checked = checked

    async def findings(self) -> AsyncIterator[Finding]:
        """Go through all there is to say about it. Raises Unknown when it cannot be read."""
        self._checked["projects"] += 1
        cursor = await self._reader.cursor(self._id)
        head = await self._reader.head(self._id)
        last = _last(head)
        reading = Reading(last)
        async for each in self._log(reading):
            yield each
        if not reading.agrees:
            async for each in self._disagreements(reading.bound):
                yield each
        async for each in self._inbox():
            yield each
        for each in self._ends(await self._reader.head(self._id), reading):
            yield each
        for each in self._cursor(cursor, last):
            yield each
        self._checked["todos"] += reading.counts[Kind.TODO]
        self._checked["requests"] += reading.counts[Kind.REQUEST]

    async def _log(self, reading: Reading) -> AsyncIterator[Finding]:
        """Go through the rows: each is one of ours, and the ids are 1..head."""
        async for page in self._reader.log(self._id):
            for row in page:
                if isinstance(row, Damaged):
                    yield self._violation(row.key, row.reason)
                    continue
                for what in _misplaced(row, reading):
                    yield self._violation(row.key, what)
                reading.add(row)
        head, next_id = reading.head, reading.last + 1
        if head is not None and next_id <= head:
            yield self._violation("head", f"says {head}, but {_no_ids(next_id, head)}")

    async def _disagreements(self, bound: int) -> AsyncIterator[Finding]:
        """Look up the counterpart of every row."""
        async for page in self._reader.log(self._id):
            rows = [each for each in page if isinstance(each, LogRow) and each.id <= bound]
            todos = [each for each in rows if each.kind is Kind.TODO]
            requests = [each for each in rows if each.kind is Kind.REQUEST]
            answers = await self._reader.answers(self._id, [each.request_id for each in todos])
            for row in todos:
                for what in _answer_differs(row, answers.get(row.request_id)):
                    yield self._violation(row.key, what)
            found = await self._reader.todos(self._id, [each.id for each in requests])
            for row in requests:
                for what in _todo_differs(row, found.get(row.id)):
                    yield self._violation(row.key, what)

    async def _inbox(self) -> AsyncIterator[Finding]:
        """An inbox row of a request that is in the log is superfluous; the sweeper removes it."""
        async for page in self._reader.inbox(self._id):
            self._checked["inboxRows"] += len(page)
            rows = [each for each in page if isinstance(each, InboxRow)]
            for damaged in (each for each in page if isinstance(each, Damaged)):
                yield self._violation(damaged.key, f"in the inbox: {damaged.reason}")
            ids = [each.request_id for each in rows]
            answers = await self._reader.answers(self._id, ids) if ids else {}
            for row in rows:
                answer = answers.get(row.request_id)
                if answer is not None:
                    other = ", with other content" if answer.content != row.content else ""
                    what = f"waits in the inbox and is TODO {answer.id} already{other}"
                    yield Finding(str(self._id), row.key, what, Severity.NOTE)

    def _ends(self, head: int | Damaged | None, reading: Reading) -> Sequence[Finding]:
        """Compare what was seen with the head as it is now."""
        if isinstance(head, Damaged):
            return [self._violation(head.key, head.reason)]
        last = _last(head)
        if last is None:
            return [self._violation("head", f"says {head!r}, which is not an id")]
        says = "there is no head" if head is None else f"the head says {last}"
        return [
            self._violation(row.key, f"is {kind.value} {row.id}, but {says}")
            for kind, row in reading.highest.items()
            if row.id > last
        ]

    def _cursor(self, cursor: int | Damaged | None, last: int | None) -> Sequence[Finding]:
        if cursor is None:
            return []
        self._checked["cursors"] += 1
        if isinstance(cursor, Damaged):
            return [self._violation(cursor.key, cursor.reason)]
        if last is not None and not EMPTY <= cursor <= last:
            what = f"published up to {cursor}, but the head says {last}"
            return [self._violation("cursor", what)]
        return []

    def _violation(self, rows: str, what: str) -> Finding:
        return Finding(str(self._id), rows, what)


def _last(head: int | Damaged | None) -> int | None:
    """Return the last id; None when the head does not say."""
    if isinstance(head, Damaged):
        return None
    last = last_id(EMPTY if head is None else head)
    return last if 0 <= last <= ID_MAX else None


def _misplaced(row: LogRow, reading: Reading) -> Sequence[str]:
    """Say what is wrong with the place of a row, if anything; note how far the TODO rows go."""
    if not 1 <= row.id <= ID_MAX:
        return [f"has id {row.id}, which is none"]
    if row.kind is Kind.REQUEST or row.id > reading.bound:
        return []
    expected, reading.last = reading.last + 1, row.id
    if row.id > expected:
        return [f"follows TODO {expected - 1}; {_no_ids(expected, row.id - 1)}"]
    return []


def _no_ids(first: int, last: int) -> str:
    return f"there is no TODO {first}" if first == last else f"there are no TODOs {first} to {last}"


def _answer_differs(todo: LogRow, answer: LogRow | None) -> Sequence[str]:
    whose = f"TODO {todo.id} answers request {todo.request_id!r}"
    if answer is None:
        return [f"{whose}, which has no request row that can be read"]
    if answer.id != todo.id:
        return [f"{whose}, whose row {answer.key} is for TODO {answer.id}"]
    if answer.content != todo.content:
        return [f"{whose}, whose row {answer.key} has other content"]
    return []


def _todo_differs(request: LogRow, todo: LogRow | None) -> Sequence[str]:
    whose = f"request {request.request_id!r} is for TODO {request.id}"
    if todo is None:
        return [f"{whose}, which has no row that can be read"]
    if todo.request_id != request.request_id:
        return [f"{whose}, whose row {todo.key} answers request {todo.request_id!r}"]
    return []


def _hash(row: LogRow) -> int:
    text = repr((row.id, row.request_id, row.content)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=HASH_BYTES, key=_KEY).digest())
