"""What storage alone can prove about one key: that its log is what it was promised to be.

The app may be running. What is read when makes the difference between its work and a violation:

    1. the cursor    moves behind the head only, so it is at most what the head says later
    2. the head      all rows up to it are there by now, and never change
    3. the requests  up to that head there is one for each entry, and it says the same
    4. the entries   up to that head they are 1 to n, and what folding the payloads makes
    5. the inbox
    6. the head      an append writes it with its rows, so no row that was seen is above it

Rows above the first head are proved by the next audit.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator

import msgspec

from domain.addresses import check_address
from domain.decider import Decider, FoldFailed, Unreadable
from domain.domain import AnyDomain
from domain.sizes import PLACE_MAX
from store.ports.inbox import Waiting
from store.ports.records import ERASED, NO_HEAD, Answered, Entry, Head
from tools.audit.findings import Finding, Severity
from tools.stored.port import Damaged, Reader
from tools.stored.refolding import Refolding
from tools.stored.request_rows import RequestRows
from tools.terminal import Progress


class KeyAudit:
    """The audit of one key. Counts what it has checked."""

    def __init__(
        self,
        reader: Reader,
        domain: AnyDomain,
        checked: Counter[str],
        progress: Progress,
    ) -> None:
        """Read through `reader`, one key at a time. To be closed."""
        self._reader = reader
        self._domain = domain
        self._decider = Decider(domain)
        self._requests = RequestRows()
        self._checked = checked
        self._progress = progress
        self._key = ""
        self._highest: dict[str, int] = {}

    async def findings(self, key: str) -> AsyncIterator[Finding]:
        """Go through all there is to say about a key. Raises Unknown when it cannot be read."""
        self._key, self._highest = key, {}
        self._checked["keys"] += 1
        try:
            self._domain.key.value(key)
        except ValueError as error:
            yield self._violation("all", f"the key {error}")
        cursor = await self._reader.cursor(key)
        head = await self._reader.head(key)
        before = _head(head)
        self._progress.expect(0 if before is None else before.place)
        async for each in self._read_requests(before):
            yield each
        async for each in self._read_entries(before):
            yield each
        async for each in self._inbox():
            yield each
        for each in self._ends(await self._reader.head(key)):
            yield each
        for each in self._cursor(cursor, before):
            yield each
        async for each in self._unpublished(cursor, before):
            yield each

    def close(self) -> None:
        """Give back the temporary file."""
        self._requests.close()

    async def _read_requests(self, head: Head | None) -> AsyncIterator[Finding]:
        """Keep the request rows up to the head, by place."""
        self._requests.clear()
        async for page in self._reader.answered(self._key):
            for row in page:
                if isinstance(row, Damaged):
                    yield self._violation(row.row, row.reason)
                    continue
                if what := self._misplaced("request", row.entry):
                    yield self._violation(_name(row.entry), what)
                elif _is_below(row.entry, head) and not self._requests.add(row):
                    what = f"is for place {row.entry.place}, as another request is"
                    yield self._violation(_name(row.entry), what)

    async def _read_entries(self, head: Head | None) -> AsyncIterator[Finding]:
        """Compare each entry with its request row, and with what folding makes of the payload."""
        folding = Refolding(self._decider)
        last = 0
        async for page in self._reader.entries(self._key):
            self._progress.add(len(page), self._key)
            for row in page:
                if isinstance(row, Damaged):
                    folding.stopped = "an entry before cannot be read"
                    yield self._violation(row.row, row.reason)
                    continue
                for what in self._entry(row, last, head, folding):
                    yield self._violation(f"entry {row.place}", what)
                last = row.place if _is_below(row, head) else last
        self._checked["folded"] += folding.folded
        for each in self._last(head, last, folding):
            yield each

    def _entry(
        self, entry: Entry, last: int, head: Head | None, folding: Refolding
    ) -> Iterator[str]:
        """Say what is wrong with the entry that follows the place `last`."""
        if what := self._misplaced("entry", entry):
            yield what
        if not _is_below(entry, head):
            return
        if entry.place > last + 1:
            folding.stopped = "entries before are missing"
            yield _gap(last + 1, entry.place - 1)
        yield from self._differences(entry, folding)

    def _differences(self, entry: Entry, folding: Refolding) -> Iterator[str]:
        """Say what is wrong with an entry, the first thing first."""
        self._checked["entries"] += 1
        answered = self._requests.take(entry.place)
        if answered is None:
            folding.stopped = "the payload of an entry before is missing"
            yield f"answers request {entry.request_id!r}, which has no row for it"
            return
        self._checked["requests"] += 1
        if answered.entry != entry:
            yield f"is not what its request row says: {_shown(entry)}; {_shown(answered.entry)}"
        if what := folding.next(Answered(entry, answered.payload)):
            yield what

    def _last(self, head: Head | None, last: int, folding: Refolding) -> Iterator[Finding]:
        """Say what the head does not have below it, and whether its state is what follows."""
        for answered in self._requests.left():
            what = f"is for place {answered.entry.place}, which has no entry that can be read"
            yield self._violation(_name(answered.entry), what)
        if head is None:
            return
        if last < head.place:
            yield self._violation("head", f"says {head.place}, but {_gap(last + 1, head.place)}")
        elif what := folding.end(head.state):
            yield self._violation("head", what)
        elif folding.stopped and "erased" in folding.stopped:
            what = f"is not folded to its end: {folding.stopped}"
            yield Finding(self._key, "head", what, Severity.NOTE)

    async def _inbox(self) -> AsyncIterator[Finding]:
        """Look at the requests that wait."""
        async for page in self._reader.inbox(self._key):
            self._checked["inboxRows"] += len(page)
            for row in page:
                if isinstance(row, Damaged):
                    yield self._violation(row.row, f"in the inbox: {row.reason}")
                elif what := self._wrong_request(row):
                    yield self._violation(f"inbox {row.request.id!r}", what)

    def _wrong_request(self, row: Waiting) -> str:
        try:
            check_address(row.request.id)
        except ValueError as error:
            return f"the request id {error}"
        return wrong_payload(self._decider, row.request.payload)

    def _misplaced(self, kind: str, entry: Entry) -> str:
        """Say what is wrong with place or id of a row; note how far the rows go."""
        if not 1 <= entry.place <= PLACE_MAX:
            return f"has place {entry.place}, which is none"
        self._highest[kind] = max(self._highest.get(kind, 0), entry.place)
        try:
            check_address(entry.request_id)
        except ValueError as error:
            return f"the request id {error}"
        return ""

    def _ends(self, head: Head | Damaged | None) -> Iterator[Finding]:
        """Compare what was seen with the head as it is now."""
        if isinstance(head, Damaged):
            yield self._violation(head.row, head.reason)
            return
        says = "there is no head" if head is None else f"the head says {head.place}"
        for kind, place in self._highest.items():
            if place > (0 if head is None else head.place):
                yield self._violation(
                    "head", f"there is an {kind} row of place {place}, but {says}"
                )

    def _cursor(self, cursor: int | Damaged | None, head: Head | None) -> Iterator[Finding]:
        if cursor is None:
            return
        self._checked["cursors"] += 1
        if isinstance(cursor, Damaged):
            yield self._violation(cursor.row, cursor.reason)
        elif head is not None and not 0 <= cursor <= head.place:
            what = f"published up to {cursor}, but the head says {head.place}"
            yield self._violation("cursor", what)

    async def _unpublished(
        self, cursor: int | Damaged | None, head: Head | None
    ) -> AsyncIterator[Finding]:
        """Note what nobody is going to publish: it was appended while publishing was off.

        The marker first: whoever took it away before had moved the cursor to the end.
        """
        last = 0 if head is None else head.place
        if not isinstance(cursor, int) or cursor >= last or await self._reader.is_marked(self._key):
            return
        cursor = await self._reader.cursor(self._key)
        if isinstance(cursor, int) and cursor < last:
            what = f"published up to {cursor} of {last}, and no marker asks for the rest"
            yield Finding(self._key, "cursor", what, Severity.NOTE)

    def _violation(self, row: str, what: str) -> Finding:
        return Finding(self._key, row, what)


def wrong_payload(decider: Decider, payload: str) -> str:
    """Say why a payload is none of the domain's; nothing when it is one, or was erased."""
    if payload == ERASED:
        return ""
    try:
        decider.fold(payload, 1, None)
    except FoldFailed:  # the function may refuse to be called like that
        return ""
    except (Unreadable, msgspec.MsgspecError) as error:
        return f"holds no payload: {error}"
    return ""


def _head(head: Head | Damaged | None) -> Head | None:
    """Return the head; None when it cannot be read, and nothing can be appended."""
    if isinstance(head, Damaged):
        return None
    return NO_HEAD if head is None else head


def _is_below(entry: Entry, head: Head | None) -> bool:
    return 1 <= entry.place <= (PLACE_MAX if head is None else head.place)


def _name(entry: Entry) -> str:
    return f"request {entry.request_id!r}"


def _shown(entry: Entry) -> str:
    return f"({entry.request_id!r}, version {entry.version}, {entry.output})"


def _gap(first: int, last: int) -> str:
    return f"there is no entry {first}" if first == last else f"there are no entries {first}-{last}"
