"""Tells the task hub about accepted requests. Makes them fast; never makes them safe."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.coalescing import Coalescer, Pace
from activities.hub import Hub, group
from activities.windows import Windows
from todos import TodoRequest

REQUESTS_PER_START_MAX: Final = 5_000
"""Requests that share one orchestration and one signal per project, all told: what the batches of
five partitions or callers bring."""

PACE: Final = Pace(seconds=0.02, items=20)
"""From one announcement to the next when there is company: an orchestration costs as much as ten
requests, so they had better share it. A lone request does not wait."""

LANE_SECONDS_MAX: Final = 1.0
"""How long one slow signal may hold up the announcement of other projects' requests."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Announced:
    request: TodoRequest
    hub: Hub


class Announcer:
    """Signals the entities and starts the orchestration, for many callers at once.

    Never raises: what gets lost here is found by the sweeper.
    """

    def __init__(self, windows: Windows | None = None) -> None:
        """Begin with nothing under way; share `windows` with the emitter of this process."""
        self._windows = windows
        self._lane: Coalescer[None, _Announced, None] = Coalescer(
            self._announce, REQUESTS_PER_START_MAX, PACE, "announce"
        )
        self._late: set[asyncio.Task[None]] = set()

    async def announce(self, requests: Sequence[TodoRequest], hub: Hub) -> None:
        """Send word of accepted requests; return when it is sent, failed, or takes long."""
        if requests:
            await self._lane.submit(None, [_Announced(each, hub) for each in requests])

    async def _announce(self, _: None, announced: Sequence[_Announced]) -> list[None]:
        hub = announced[0].hub
        by_project: Mapping[int, Sequence[TodoRequest]] = _by_project(announced)
        names = group([(e.request.project_id, e.request.request_id) for e in announced])
        if self._windows is not None:
            by_project = {p: self._windows.admit(p, each, hub) for p, each in by_project.items()}
        calls = [hub.create(project_id, each) for project_id, each in by_project.items() if each]
        tasks = {asyncio.ensure_future(call) for call in (*calls, hub.start(names))}
        done, late = await asyncio.wait(tasks, timeout=LANE_SECONDS_MAX)
        for task in done:
            _report(task)
        for task in late:
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            task.add_done_callback(_report)
        return [None] * len(announced)


def _by_project(announced: Sequence[_Announced]) -> dict[int, list[TodoRequest]]:
    requests: dict[int, list[TodoRequest]] = {}
    for each in announced:
        requests.setdefault(each.request.project_id, []).append(each.request)
    return requests


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("announcement_failed", exc_info=error)
