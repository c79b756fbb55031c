"""The activity `emit`: appends what entities have in their outboxes to the logs.

Here, and only here, an id becomes true: with the commit of `Log.append`. Any number of copies
may run at once, on any state the hub shows, however old or wrong: the head's version lets one of
them through, the request rows keep a request from being numbered twice, and after any failure
the log is read again and believed.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from activities.arrivals import Arrivals
from activities.coalescing import Coalescer
from activities.feed import Feed, Unfollowed
from activities.hub import Hub, Wanted, fit_message
from activities.windows import Windows
from entities.project import Numbered
from store.port import LOG_ENTRIES_MAX, Entry, Head, Store, StoreError
from telemetry import decisions, tracing
from todos import ID_MAX, Todo, TodoRequest, create, last_id

PAUSES_SECONDS: Final = (
    *(0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125),
    *(0.25, 0.25, 0.25, 0.25),
)
"""How long to wait, look after look, for an entity to show the wanted requests: 1.2 s in all.
A signal usually needs a few milliseconds; after that the orchestration is the cheaper waiter."""

COMPANY_SECONDS: Final = 0.002
"""Before the first look, when other projects are under way: all their entities have to run first,
and a look that comes too early has to be repeated. A lone project does not wait."""

LONE_LOOKS: Final = 2
"""Looks without a pause before those, when this project is the only one under way: its entity is
about to commit. In company the time is better spent on others."""

LOOKS_MAX: Final = 40
"""States of one entity that one run works off. Each holds at most an outbox full, so that no
activity runs for ever while requests keep coming; the rest are in the next run."""

WANTED_PER_RUN_MAX: Final = 1_000
"""Request ids of one project in one run; the rest are in the next."""

RESEND_MAX: Final = 200
"""Missing requests of one project that an answer carries in full, if they fit into one signal:
what an outbox can take."""

log = logging.getLogger(__name__)

Found = Mapping[str, Todo]
"""What was seen in the log, by request id."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What a run did not find in the log of one project."""

    project_id: int
    request_ids: tuple[str, ...]
    requests: tuple[TodoRequest, ...]
    """The first of them, as the inbox has them, to be signalled again."""


class Emitter:
    """Moves outboxes into logs, one project at a time within this process.

    Two copies in two processes are as right as one; they only waste each other's work.
    """

    def __init__(
        self,
        store: Store,
        arrivals: Arrivals,
        feed: Feed | None = None,
        windows: Windows | None = None,
    ) -> None:
        """Write to `store`, wake who waits in `arrivals`, tell `feed` about appends.

        Signal what has waited in `windows` for that.
        """
        self._store = store
        self._arrivals = arrivals
        self._feed = feed or Unfollowed()
        self._windows = windows or Windows()
        self._behind: dict[int, list[asyncio.Task[None]]] = {}
        """Of projects with a backlog: what is under way behind the last transactions."""
        self._runs: Coalescer[int, tuple[str, Hub], bool] = Coalescer(
            self._run, WANTED_PER_RUN_MAX, name="emit"
        )

    async def emit(self, wanted: Wanted, hub: Hub) -> list[Missing]:
        """Bring the wanted requests into the log; return what is not there, by project.

        Projects go side by side, and a project that fails is missing rather than in the way.
        """
        left = await asyncio.gather(*(self._emit(p, ids, hub) for p, ids in wanted.items()))
        return [each for each in left if each.request_ids]

    async def _emit(self, project_id: int, request_ids: Sequence[str], hub: Hub) -> Missing:
        try:
            logged = await self._runs.submit(project_id, [(each, hub) for each in request_ids])
            missing = [each for each, done in zip(request_ids, logged, strict=True) if not done]
            waiting = await self._waiting(project_id, missing[:RESEND_MAX])
        except Exception as error:  # of any kind: one more reason to try again
            log.warning("emit_failed project=%s", project_id, exc_info=error)
            return Missing(project_id, tuple(request_ids), ())
        # What is neither in the inbox nor in the log was settled by somebody else meanwhile.
        gone = set(missing[:RESEND_MAX]).difference(each.request_id for each in waiting)
        left = tuple(each for each in missing if each not in gone)
        return Missing(project_id, left, tuple(fit_message(waiting)))

    async def _waiting(self, project_id: int, missing: Sequence[str]) -> list[TodoRequest]:
        rows = await self._store.inbox.get(project_id, missing) if missing else {}
        return [rows[each] for each in missing if each in rows]

    async def _run(self, project_id: int, asked: Sequence[tuple[str, Hub]]) -> list[bool]:
        hub = asked[0][1]
        wanted = {request_id for request_id, _ in asked}
        try:
            logged = await self._drain(project_id, wanted, hub)
        finally:
            await asyncio.gather(*self._behind.pop(project_id, ()))
        return [request_id in logged for request_id, _ in asked]

    async def _drain(self, project_id: int, wanted: set[str], hub: Hub) -> set[str]:
        logged: set[str] = set()
        pauses = self._pauses()
        if self._runs.under_way > 1:
            await asyncio.sleep(COMPANY_SECONDS)
        for _ in range(LOOKS_MAX):
            # The state before the head: an entry settled between the two reads is then only a
            # repeat, which the request rows stop. It is what the entity has committed, at best.
            state = await hub.project(project_id)
            decisions.outbox_read(len(state.outbox))
            outbox = [each for each in state.outbox if each.request.request_id not in logged]
            before = len(logged)
            follows = len(outbox) < len(wanted - logged)
            for chunk in _chunks(outbox, follows=follows):
                logged |= await self._advance(project_id, chunk, hub)
            if wanted <= logged:
                break
            if len(logged) > before:
                pauses = self._pauses()  # the next requests follow those that were logged
                continue
            logged |= await self._look(project_id, wanted - logged)
            pause = next(pauses, None)
            if wanted <= logged or pause is None:
                break
            await asyncio.sleep(pause)
        return logged

    def _pauses(self) -> Iterator[float]:
        hasty = 0 if self._runs.under_way > 1 else LONE_LOOKS
        return chain(repeat(0.0, hasty), PAUSES_SECONDS)

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        """Append the chunk and clear up behind it; return what was seen in the log of it."""
        head = await self._store.log.head(project_id)
        # An id at or below the head says that somebody may have been here. It proves nothing:
        # an entity that forgot starts over at 1. So ask for the request rows.
        doubtful = [e.request.request_id for e in chunk if e.id <= last_id(head.state)]
        found: Found = await self._store.log.find(project_id, doubtful) if doubtful else {}
        fresh = [each for each in chunk if each.request.request_id not in found]
        fresh = fresh[: ID_MAX - last_id(head.state)]  # intake refuses what does not fit
        if fresh:
            found = {**found, **await self._append(project_id, head, fresh)}
        if found:
            await self._clear_up(project_id, found, hub)
        return set(found)

    async def _append(self, project_id: int, head: Head, chunk: Sequence[Numbered]) -> Found:
        state = head.state
        entries: list[Entry] = []
        for numbered in chunk:
            todo, state = create(numbered.request, state)
            entries.append(Entry(numbered.request.request_id, todo))
        # Between the reading of `head` and the append that it guards: see `activities.feed`.
        await self._feed.expect(project_id)
        try:
            append = self._store.log.append(project_id, head, state, entries)
            await tracing.step("append", project_id, [e.request_id for e in entries], append)
        except StoreError as error:
            # Somebody was faster, or nobody knows. Look, believe, never undo.
            return await self._look_after(project_id, [e.request_id for e in entries], error)
        self._feed.appended(project_id)
        decisions.created(project_id, entries[0].todo.id, [e.request_id for e in entries])
        pairs = zip(chunk, entries, strict=True)
        decisions.ids_corrected(project_id, [e.request_id for n, e in pairs if n.id != e.todo.id])
        return {each.request_id: each.todo for each in entries}

    async def _look_after(
        self, project_id: int, request_ids: Sequence[str], error: StoreError
    ) -> Found:
        decisions.append_not_confirmed(project_id, request_ids, error)
        found = await self._store.log.find(project_id, request_ids)
        ids = {request_id: todo.id for request_id, todo in found.items()}
        decisions.append_settled(project_id, ids, len(request_ids))
        return found

    async def _look(self, project_id: int, request_ids: set[str]) -> set[str]:
        """Find what other copies have logged; clearing up is theirs, or else the sweeper's."""
        found = await self._store.log.find(project_id, sorted(request_ids))
        for request_id, todo in found.items():
            self._arrivals.announce(request_id, todo)
        return set(found)

    async def _clear_up(self, project_id: int, found: Found, hub: Hub) -> None:
        """Tell everybody about TODOs that were seen in the log. Whatever gets lost comes again."""
        for request_id, todo in found.items():
            self._arrivals.announce(request_id, todo)
        head = max(todo.id for todo in found.values())
        try:
            await hub.settle(project_id, head, list(found))
        except Exception as error:
            log.warning("settle_failed project=%s", project_id, exc_info=error)
        following = self._windows.settle(project_id, found)
        if not following:
            await self._remove(project_id, found)
            return
        # There is a backlog: do not let the next transaction wait for these.
        behind = self._behind.setdefault(project_id, [])
        behind.append(asyncio.create_task(self._remove(project_id, found)))
        behind.append(asyncio.create_task(self._follow(project_id, following, hub)))

    async def _remove(self, project_id: int, found: Found) -> None:
        try:
            await self._store.inbox.remove(project_id, list(found))
        except StoreError as error:
            log.warning("inbox_remove_failed project=%s", project_id, exc_info=error)

    async def _follow(self, project_id: int, requests: Sequence[TodoRequest], hub: Hub) -> None:
        try:
            await hub.create(project_id, requests)
        except Exception as error:  # as with any signal
            log.warning("create_failed project=%s", project_id, exc_info=error)


def _chunks(outbox: Sequence[Numbered], *, follows: bool) -> Iterator[Sequence[Numbered]]:
    """Cut it into transactions. When more `follows`, full ones; the rest of it goes with that."""
    count = len(outbox)
    end = count - count % LOG_ENTRIES_MAX if follows and count > LOG_ENTRIES_MAX else count
    for first in range(0, end, LOG_ENTRIES_MAX):
        yield outbox[first : min(first + LOG_ENTRIES_MAX, end)]
