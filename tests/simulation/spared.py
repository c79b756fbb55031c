"""Parts of the protocol without something that another part does as well."""

from collections.abc import Callable, Generator, Sequence
from datetime import datetime, timedelta
from typing import Any

from activities.emit import Emitter
from activities.hub import Hub
from activities.outbox import outbox
from entities.project import Numbered, Project
from store.port import Head, Store
from triggers.announcer import Announcer
from triggers.sweeper import sweep


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
