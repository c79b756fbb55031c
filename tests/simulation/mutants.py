"""Versions of the protocol with one thing taken away. Each must break a promise.

A mutant is the real code with one method replaced, so it stays what it is when the rest changes.
"""

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import azure.durable_functions as df

from activities.emit import Emitter, Found
from activities.hub import Hub
from activities.outbox import outbox
from entities import project
from entities.project import Numbered, Project
from store.port import Conflict, Entry, Head, Store, StoreError
from tests.simulation.faults import Fault
from tests.simulation.history import ANYTHING, Profile
from tests.simulation.ledger import Broken
from tests.simulation.process import Parts
from tests.simulation.store import Rows, Tables
from tests.simulation.world import REAL, Variant
from todos import Todo, TodoRequest, create, is_answer, last_id
from triggers.announcer import Announcer
from triggers.intake import Accepted, Created, Intake, Outcome, Reason, Refused
from triggers.sweeper import sweep

# The log.


class NoVersion(Tables):
    """The head is not guarded, and what is written replaces what is there."""

    def head_moved(self, _rows: Rows, _head: Head) -> bool:
        return False

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.request_id in rows.requests


class NoRequestRows(Tables):
    """A request row is written, and one that is there already does not matter."""

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.todo.id in rows.todos


class VersionOnly(Tables):
    """The head is guarded; rows of TODOs are replaced."""

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.request_id in rows.requests


class InsertOnly(Tables):
    """The head is not guarded; rows of TODOs are inserted."""

    def head_moved(self, _rows: Rows, _head: Head) -> bool:
        return False


# The emitter.


class BelowHeadIsDone(Emitter):
    """Counts an outbox entry as done because its number is not above the head."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        head = await self._store.log.head(project_id)
        old = [each for each in chunk if each.id <= last_id(head.state)]
        done = {e.request.request_id: Todo(project_id, e.id, e.request.title) for e in old}
        if done:
            await self._clear_up(project_id, done, hub)
        rest = [each for each in chunk if each not in old]
        return {*done, *(await super()._advance(project_id, rest, hub) if rest else ())}


class NeverLooksAgain(Emitter):
    """Takes an append that failed for not done, and tries the same again."""

    believes = False

    async def _append(self, project_id: int, head: Head, chunk: Sequence[Numbered]) -> Found:
        state = head.state
        entries: list[Entry] = []
        for numbered in chunk:
            todo, state = create(numbered.request, state)
            entries.append(Entry(numbered.request.request_id, todo))
        try:
            await self._store.log.append(project_id, head, state, entries)
        except StoreError as error:
            if not self.believes:
                return {}
            if isinstance(error, Conflict):
                return await self._store.log.find(project_id, [e.request_id for e in entries])
        return {each.request_id: each.todo for each in entries}


class BelievesItHappened(NeverLooksAgain):
    """Takes an append without an answer for done."""

    believes = True


class SettlesUnseen(Emitter):
    """Settles the whole chunk, whatever of it was seen in the log."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        logged = await super()._advance(project_id, chunk, hub)
        ids = [each.request.request_id for each in chunk]
        await asyncio.gather(
            hub.settle(project_id, 0, ids),
            self._store.inbox.remove(project_id, ids),
            return_exceptions=True,
        )
        return logged


class AnnouncesFirst(Emitter):
    """Wakes who waits before the log has the TODO."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        for each in chunk:
            todo = Todo(project_id, each.id, each.request.title)
            self._arrivals.announce(each.request.request_id, todo)
        return await super()._advance(project_id, chunk, hub)


class HeadBeforeState(Emitter):
    """Reads the head before the state: the head belongs to the look, not to the chunk."""

    async def _drain(self, project_id: int, wanted: set[str], hub: Hub) -> set[str]:
        return await super()._drain(project_id, wanted, _HeadFirst(hub, self._store))

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        assert isinstance(hub, _HeadFirst)
        head, hub.head = hub.head, None
        if head is None:
            return await super()._advance(project_id, chunk, hub)
        found = await self._append(project_id, head, chunk)
        if found:
            await self._clear_up(project_id, found, hub)
        return set(found)


class _HeadFirst:
    def __init__(self, hub: Hub, store: Store) -> None:
        self._hub, self._store = hub, store
        self.head: Head | None = None
        self.create, self.settle, self.start = hub.create, hub.settle, hub.start

    async def project(self, project_id: int) -> Project:
        self.head = await self._store.log.head(project_id)
        return await self._hub.project(project_id)


# The intake.


class ReadsLogFirst(Intake):
    """Reads the request rows before it inserts the inbox rows."""

    async def _attempt(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, Outcome]:
        logged = await self._store.log.find(project_id, [each.request_id for each in requests])
        new = [each for each in requests if each.request_id not in logged]
        mine = await self._insert(project_id, new) if new else {}
        outcomes: dict[str, Outcome] = {}
        for request in requests:
            todo, row = logged.get(request.request_id), mine.get(request.request_id)
            same = is_answer(todo, request) if todo else row == request
            found = Created(todo) if todo else Accepted()
            outcomes[request.request_id] = found if same else Refused(Reason.OTHER_CONTENT)
        return outcomes


class AnswersFirst(Intake):
    """Answers while the inbox row is still being written."""

    async def _insert(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, TodoRequest]:
        task = asyncio.ensure_future(super()._insert(project_id, requests))
        task.add_done_callback(lambda done: done.exception())
        await asyncio.sleep(0)
        return {each.request_id: each for each in requests}


class TakesErrorForSuccess(Intake):
    """Takes an insert without an answer for done."""

    async def _insert(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, TodoRequest]:
        try:
            return await super()._insert(project_id, requests)
        except StoreError:
            return {each.request_id: each for each in requests}


class TakesRowForMine(Intake):
    """Does not compare what is in the inbox row that was there before."""

    async def _insert(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, TodoRequest]:
        rows = await super()._insert(project_id, requests)
        return {each.request_id: each for each in requests if each.request_id in rows}


# The sweeper, the orchestration, the entity.


class _Deaf:
    """A hub to which one kind of call is not made."""

    def __init__(self, hub: Hub, *silent: str) -> None:
        for name in ("create", "settle", "start", "project"):
            setattr(self, name, _nothing if name in silent else getattr(hub, name))


async def _nothing(*_: object) -> None:
    """Stand in for a call that is not made."""


def sweep_without(*silent: str) -> Callable[..., Any]:
    async def sweeper(
        store: Store, announcer: Announcer, hub: Hub, now: datetime, older_than: timedelta
    ) -> int:
        deaf: Any = _Deaf(hub, *silent)
        return await sweep(store, announcer, deaf, now, older_than)

    return sweeper


async def forgetful_sweep(
    store: Store, announcer: Announcer, hub: Hub, now: datetime, older_than: timedelta
) -> int:
    """Remove what was taken up, seen in the log or not."""
    async for requests in store.inbox.waiting(now - older_than, 1000):
        await announcer.announce(requests, hub)
        await store.inbox.remove(requests[0].project_id, [e.request_id for e in requests])
    return 0


class _Silent:
    """A context through which no signal gets out."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def signal_entity(self, *_: object) -> None:
        """Send nothing."""


def silent_outbox(context: Any) -> Generator[Any, Any, int]:
    """Never signal again."""
    return outbox(_Silent(context))  # type: ignore[arg-type]


def remembering_entity(context: df.DurableEntityContext) -> None:
    """Remember which requests are finished, and drop their repeats."""
    state = context.get_state() or {}
    finished = set(state.get("finished", []))
    body = context.get_input()
    before = project.decode_state(int(context.entity_key), state or None)
    after = before
    if context.operation_name != "create":
        finished.update(body["requestIds"])
        after = project.settle(before, body["head"], body["requestIds"])
        body = body.get("requests", [])
    new = [each for each in body if each["requestId"] not in finished]
    after = project.create(after, project.decode_requests(int(context.entity_key), new))
    context.set_state({**project.encode_state(after), "finished": sorted(finished)})
    context.set_result(None)


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is taken away, and what breaks."""

    variant: Variant
    breaks: frozenset[Broken]
    profile: Profile = ANYTHING
    """Where a general history would have to go on for long."""


def _parts(**parts: Any) -> Variant:
    return replace(REAL, parts=Parts(**parts))


def _mutant(variant: Variant, *breaks: Broken, profile: Profile = ANYTHING) -> Mutant:
    return Mutant(variant, frozenset(breaks), profile)


MUTANTS: Final[Mapping[str, Mutant]] = {
    "no ETag on the head": _mutant(
        replace(REAL, tables=NoVersion),
        *(Broken.HOLE, Broken.CHANGED, Broken.TWICE),
        profile=Profile(
            instances=(5,),
            projects=(1,),
            slow_shares=(0.3,),
            rates=(("outbox.emit", Fault.TWICE, 1.0), ("hub.project", Fault.DIRTY, 0.5)),
        ),
    ),
    "no request rows": _mutant(replace(REAL, tables=NoRequestRows), Broken.TWICE),
    "nobody repeats a lost signal": _mutant(
        replace(REAL, parts=Parts(sweep=sweep_without("create")), outbox=silent_outbox),
        Broken.STUCK,
    ),
    "an entry below the head counts as done": _mutant(
        _parts(emitter=BelowHeadIsDone), Broken.LOST, Broken.SHOWN
    ),
    "an append without an answer counts as done": _mutant(
        _parts(emitter=BelievesItHappened), Broken.LOST, Broken.SHOWN
    ),
    "a failed append is tried again without a look": _mutant(
        _parts(emitter=NeverLooksAgain), Broken.STUCK, Broken.LEFT
    ),
    "settled without having been seen": _mutant(_parts(emitter=SettlesUnseen), Broken.LOST),
    "announced before it is in the log": _mutant(_parts(emitter=AnnouncesFirst), Broken.SHOWN),
    "the log is read before the inbox is written": _mutant(
        _parts(intake=ReadsLogFirst), Broken.OTHER, Broken.REFUSED
    ),
    "accepted before the inbox is written": _mutant(
        _parts(intake=AnswersFirst), Broken.LOST, Broken.OTHER
    ),
    "an inbox write without an answer counts as done": _mutant(
        _parts(intake=TakesErrorForSuccess), Broken.LOST, Broken.OTHER
    ),
    "whatever is in the inbox row counts as mine": _mutant(
        _parts(intake=TakesRowForMine), Broken.OTHER
    ),
    "the sweeper only signals": _mutant(_parts(sweep=sweep_without("start")), Broken.STUCK),
    "the sweeper removes what it took up": _mutant(_parts(sweep=forgetful_sweep), Broken.LOST),
}

HARMLESS: Final[Mapping[str, Variant]] = {
    "the head is read before the state": _parts(emitter=HeadBeforeState),
    "the head is guarded, TODO rows are replaced": replace(REAL, tables=VersionOnly),
    "the head is not guarded, TODO rows are inserted": replace(REAL, tables=InsertOnly),
    "the sweeper only starts orchestrations": _parts(sweep=sweep_without("create")),
    "orchestrations never signal again": replace(REAL, outbox=silent_outbox),
}
"""Taken away without harm, because something else holds the same promise. (That `emit` may act
on a state that was never committed is in every history: it is the fault DIRTY.)"""
