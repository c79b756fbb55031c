"""Parts of the app without something: what exists for speed only, and what another part does too."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from activities.emit import Emitter
from activities.entity_calls import EntityCalls
from activities.hand_over import HandOver
from activities.lane import Lane
from intake import accept
from publishing import publisher
from taskhub.port import TaskHub


class Forgetful(Emitter):
    """Keeps nothing between two rounds: no head, no known-done ids, no order."""

    async def _look_and_append(self, lane: Lane, hub: TaskHub, pause: float) -> float:
        lane.head = None
        lane.done.clear()
        return await super()._look_and_append(lane, hub, pause)


class WithoutHints(Emitter):
    """Does not hear when an entity function has run in its process."""

    def entity_ran(self, key: str) -> None:
        """Hear nothing."""


class WithoutSignals(Emitter):
    """Tells the entity nothing, so that only the order of last resort is left."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._entities = Mute(self._lanes, self._tell, 1)


class Mute(EntityCalls):
    """Signals nothing."""

    async def _send(
        self, lane: Lane, hub: TaskHub, ids: Sequence[str], done: Sequence[str]
    ) -> None:
        """Send nothing."""


class SilentHandOver(HandOver):
    """Starts no orchestration."""

    async def hand_over(self, keys: Sequence[str], hub: TaskHub) -> None:
        """Leave it to the sweeper."""


class OneByOne:
    """Runs each item by itself and at once, in place of the group commit."""

    def __init__(
        self,
        work: Callable[[Any, Sequence[Any]], Awaitable[Sequence[Any]]],
        _items_max: int,
        **_: object,
    ) -> None:
        """Take the work; the other arguments are about groups."""
        self._work = work

    async def submit(self, key: Any, items: Sequence[Any]) -> list[Any]:
        """Have each item done in a run of its own, side by side."""
        runs = await asyncio.gather(*(self._work(key, [each]) for each in items))
        return [result for (result,) in runs]


@contextmanager
def without_group_commit() -> Iterator[None]:
    """Have every request written by itself."""
    before = [(module, vars(module)["GroupCommit"]) for module in (accept, publisher)]
    for module, _ in before:
        setattr(module, "GroupCommit", OneByOne)  # noqa: B010 - the module does not export it
    try:
        yield
    finally:
        for module, group_commit in before:
            setattr(module, "GroupCommit", group_commit)  # noqa: B010 - as above
