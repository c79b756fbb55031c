"""Word for the entities of what is in the log, kept back a moment to travel with new requests.

A signal of its own costs as much as the request that it is about, and a project that is busy gets
its next `create` soon. What is lost here, with the process, is what a lost signal loses: nothing.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from entities.project import Project, settle

KEPT_SECONDS_MAX: Final = 3.0
"""How long an entity may wait for word of what is finished; its outbox is that much longer."""

KEPT_CHARACTERS_MAX: Final = 5_000
"""Request ids kept for one project, as they travel (`activities.hub`): what fits into a signal
beside a full load of requests."""

REMEMBERED_SECONDS: Final = 8.0
"""How long an entity is trusted to be told; after that its outbox is believed again, so that word
that got lost is sent again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """These requests are in the log, which goes at least as far as `head`."""

    head: int
    request_ids: tuple[str, ...]

    def encode(self) -> dict[str, Any]:
        """Put it into JSON, as the entity's operations `settle` and `settle_and_create` take it."""
        return {"head": self.head, "requestIds": list(self.request_ids)}


Send = Callable[[int, Settled], Awaitable[None]]


class Settlements:
    """What this process knows to be in the log and has not told yet. For one event loop."""

    def __init__(self) -> None:
        """Begin with nothing kept."""
        self._kept: dict[int, Settled] = {}
        self._told: dict[int, Counter[str]] = {}
        self._sending: set[asyncio.Future[None]] = set()

    def keep(self, project_id: int, head: int, request_ids: Sequence[str], send: Send) -> bool:
        """Keep it until somebody takes it, or for `KEPT_SECONDS_MAX` and then `send` it.

        False when there is too much to keep; then it is for the caller to send.
        """
        self._remember(project_id, request_ids)
        kept = self._kept.get(project_id, Settled(0, ()))
        ids = tuple(dict.fromkeys((*kept.request_ids, *request_ids)))
        if len(json.dumps(json.dumps(json.dumps(ids)))) > KEPT_CHARACTERS_MAX:
            return False
        if not kept.request_ids:
            loop = asyncio.get_running_loop()
            loop.call_later(KEPT_SECONDS_MAX, self._send_what_is_left, project_id, send)
        self._kept[project_id] = Settled(max(kept.head, head), ids)
        return True

    def apply(self, project_id: int, project: Project) -> Project:
        """Return the state as it will be when the entity has heard what is on its way to it.

        Without this, whoever reads the entity meanwhile would clear up behind each TODO twice.
        """
        told = self._told.get(project_id)
        return settle(project, project.head, told) if told else project

    def _remember(self, project_id: int, request_ids: Sequence[str]) -> None:
        self._told.setdefault(project_id, Counter()).update(request_ids)
        loop = asyncio.get_running_loop()
        loop.call_later(REMEMBERED_SECONDS, self._forget, project_id, tuple(request_ids))

    def _forget(self, project_id: int, request_ids: Sequence[str]) -> None:
        told = self._told[project_id]
        told.subtract(request_ids)
        left = +told
        if left:
            self._told[project_id] = left
        else:
            del self._told[project_id]

    def take(self, project_id: int) -> Settled | None:
        """Hand over what is kept for the project; from now on it is the caller's to send."""
        return self._kept.pop(project_id, None)

    def _send_what_is_left(self, project_id: int, send: Send) -> None:
        settled = self.take(project_id)
        if settled is not None:
            task = asyncio.ensure_future(send(project_id, settled))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Future[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("settle_failed", exc_info=error)
