"""Flow control: how much of a project is on its way through its entity at a time.

An outbox is bounded. What is signalled beyond that is skipped there and has to be signalled again
seconds later. So it waits here, and follows as fast as this process sees the log take what went
before. What is forgotten here loses what a lost signal loses: nothing.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from activities.hub import Hub
from entities.project import OUTBOX_CHARACTERS_MAX, characters
from todos import TodoRequest

UNMOVED_SECONDS_MAX: Final = 0.5
"""Without a TODO in the log for so long, the requests are emitted by another process (or not at
all), which nobody tells us about: then everything is signalled, and the entity decides."""

UNDER_WAY_SECONDS_MAX: Final = 2.0
"""After that a signal counts as lost: its room is given to others, and it may be signalled again."""

KEPT_MAX: Final = 50_000
"""Requests of all projects that wait here, some 50 MB at worst. Beyond that they are not signalled
at all, and the sweeper takes them up: who signalled them would push others out of the outbox."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Window:
    room: int = OUTBOX_CHARACTERS_MAX
    under_way: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Characters and time of the signal, by request id, in the order of time."""
    kept: dict[str, TodoRequest] = field(default_factory=dict)
    moved: bool = False

    def free(self, request_ids: Iterable[str]) -> None:
        for request_id in request_ids:
            self.kept.pop(request_id, None)
            freed = self.under_way.pop(request_id, None)
            if freed is not None:
                self.room += freed[0]
                self.moved = True

    def forget(self, signalled_before: float) -> None:
        for request_id, (size, at) in list(self.under_way.items()):
            if at >= signalled_before:
                return
            del self.under_way[request_id]
            self.room += size

    def fill(self, now: float) -> list[TodoRequest]:
        """Take out, in their order, what fits; something always fits into an empty window."""
        taken: list[TodoRequest] = []
        for request in self.kept.values():
            size = characters(request)
            if size > self.room and self.under_way:
                break
            self.room -= size
            self.under_way[request.request_id] = (size, now)
            taken.append(request)
        for request in taken:
            del self.kept[request.request_id]
        return taken


class Windows:
    """One window per project that has something under way. For one event loop."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._windows: dict[int, _Window] = {}
        self._flushing: set[asyncio.Task[None]] = set()

    def admit(
        self, project_id: int, requests: Sequence[TodoRequest], hub: Hub
    ) -> Sequence[TodoRequest]:
        """Return which requests to signal now. Others are under way or follow later."""
        window = self._windows.get(project_id)
        if window is None:
            window = self._windows[project_id] = _Window()
            self._watch(project_id, window, hub)
        # Without a backlog a repeat is signalled again, for the first signal may be lost. With
        # one it is not: it would take the place of others.
        repeats = [] if window.kept else [e for e in requests if e.request_id in window.under_way]
        new = [each for each in requests if each.request_id not in window.under_way]
        window.kept.update({each.request_id: each for each in new})
        admitted = repeats + window.fill(_time())
        if window.kept:
            excess = sum(len(each.kept) for each in self._windows.values()) - KEPT_MAX
            for _ in range(min(excess, len(window.kept))):
                window.kept.popitem()
        return admitted

    def settle(self, project_id: int, request_ids: Iterable[str]) -> Sequence[TodoRequest]:
        """Hear what was seen in the log; return which requests to signal now in its place."""
        window = self._windows.get(project_id)
        if window is None:
            return ()
        window.free(request_ids)
        if not window.under_way and not window.kept:
            del self._windows[project_id]
        return window.fill(_time())

    def _watch(self, project_id: int, window: _Window, hub: Hub) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(UNMOVED_SECONDS_MAX, self._look, project_id, window, hub)

    def _look(self, project_id: int, window: _Window, hub: Hub) -> None:
        if self._windows.get(project_id) is not window:
            return
        if window.moved:
            window.moved = False
            window.forget(_time() - UNDER_WAY_SECONDS_MAX)
            self._watch(project_id, window, hub)
            return
        del self._windows[project_id]
        if window.kept:
            task = asyncio.ensure_future(self._flush(project_id, list(window.kept.values()), hub))
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)

    async def _flush(self, project_id: int, kept: Sequence[TodoRequest], hub: Hub) -> None:
        try:
            await hub.create(project_id, kept)
        except Exception as error:  # as with any signal: the sweeper finds what is lost
            log.warning("signal_failed project=%s", project_id, exc_info=error)


def _time() -> float:
    return asyncio.get_running_loop().time()
