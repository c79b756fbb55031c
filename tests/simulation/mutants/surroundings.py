"""Sweepers, an orchestration and an entity that do less, or remember more."""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

from activities.hub import Hub
from activities.outbox import outbox
from entities import project
from store.port import Store
from triggers.announcer import Announcer
from triggers.sweeper import sweep


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
