"""The orchestration `outbox` and its activity `emit`: for requests that nobody waits for.

It makes the wait short, not the promise true: it may be lost at any moment, and then the sweeper
finds the inbox rows. Its messages hold keys only.
"""

import asyncio
from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any, Final

import azure.durable_functions as df

from activities.drain import Drains
from concurrency.turns import start
from taskhub.port import TaskHub

PAUSES_SECONDS: Final = (1, 2, 4)
"""Before another round when one brought nothing; after the last the sweeper goes on."""

ROUNDS_MAX: Final = 40
"""With progress in each. Bounds the history."""

KEY_SECONDS_MAX: Final = 5.0
"""One key in one run of the activity."""

RUN_SECONDS_MAX: Final = 10.0
"""One run of the activity: keys that hang do not keep its place from others."""


def orchestration(activity: str) -> Any:
    """Return the orchestrator function that calls `activity` until no rows are left."""

    def outbox(context: df.DurableOrchestrationContext) -> Generator[Any, Any, int]:
        keys = _keys_of(context.get_input())
        pauses = iter(PAUSES_SECONDS)
        for _ in range(ROUNDS_MAX):
            if not keys:
                break
            try:
                left = _keys_of((yield context.call_activity(activity, keys)))
            except Exception:  # noqa: BLE001 - whatever it was, trying again is harmless
                left = keys
            if len(left) == len(keys):
                pause = next(pauses, None)
                if pause is None:
                    break
                at = context.current_utc_datetime + timedelta(seconds=pause)
                yield context.create_timer(at)
            keys = left
        return len(keys)

    return outbox


async def emit(drains: Drains, keys: Any, hub: TaskHub) -> list[str]:
    """Give everything in the inboxes of these keys its place; return the keys with rows left.

    Those that found no place among the drains in time are left too: waiting for one behind
    thousands of keys that hang would take longer than the function may.
    """
    asked = list(dict.fromkeys(_keys_of(keys)))
    if not asked:
        return []
    started = await start(drains.drain(key, hub, KEY_SECONDS_MAX) for key in asked)
    tasks = dict(zip(asked, started, strict=True))
    _, late = await asyncio.wait(started, timeout=RUN_SECONDS_MAX)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
    return [key for key, task in tasks.items() if task in late or not task.result()]


def _keys_of(message: Any) -> Sequence[str]:
    """Return the keys of a message, none if it is not ours to read: then the sweeper goes on."""
    if isinstance(message, list) and all(isinstance(each, str) for each in message):
        return message
    return []
