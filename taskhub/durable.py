"""The task hub through the durable client of an invocation."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from typing_extensions import override

from entities.entity import CREATE
from entities.messages import UNREADABLE, decode_order, encode_create
from entities.order import Order
from taskhub.port import HubUnknown, TaskHub
from taskhub.sdk import Calls, calls_of

CALL_SECONDS_MAX: Final = 4.0
"""One call to the hub. The SDK's own limit of 240 s would hold up whatever shares the session."""

KEYS_CHARACTERS_MAX: Final = 24_000
"""Keys of one orchestration, as JSON. Inputs above about 30,700 characters go to a blob, with one
to three blob writes more (host-protocol 13.6)."""

T = TypeVar("T")


class DurableHub(TaskHub):
    """Bounds `calls` in time, and gives their failures one name."""

    def __init__(self, calls: Calls, entity: str, orchestration: str) -> None:
        """Address the entities named `entity`, start orchestrations named `orchestration`."""
        self._calls = calls
        self._entity = entity
        self._orchestration = orchestration

    @override
    async def create(self, key: str, ids: Sequence[str], done: Sequence[str], head: int) -> None:
        message = encode_create(ids, done, head)
        await _answered(self._calls.signal(self._entity, key, CREATE, message))

    @override
    async def order(self, key: str) -> Order:
        state = await _answered(self._calls.state(self._entity, key))
        try:
            return decode_order(state)
        except UNREADABLE:
            return Order()  # the entity reports it, and starts over with its next operation

    @override
    async def hand_over(self, keys: Sequence[str]) -> None:
        for piece in _pieces(keys):
            await _answered(self._calls.start(self._orchestration, piece))


HubOf = Callable[[Any], TaskHub]
"""Makes a hub of what the binding of a durable client gives an invocation."""


def hub_of(client: Any, entity: str, orchestration: str) -> TaskHub:
    """Return the hub that an invocation's client speaks to; it outlives the invocation."""
    return DurableHub(calls_of(client), entity, orchestration)


async def _answered(call: Awaitable[T]) -> T:
    """Bound a call in time, and let it end with HubUnknown for whatever goes wrong."""
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            return await call
    except asyncio.CancelledError:
        # After any connection error SDK 1.x closes the session that all its calls share, and
        # aiohttp cancels those that wait for a connection, though nobody cancelled their tasks.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise HubUnknown("the session of the durable client was closed") from None
    except Exception as error:
        # The SDK documents no exceptions: it raises bare ones for statuses, and whatever aiohttp,
        # json or a missing member raise for the rest.
        raise HubUnknown(repr(error)) from error


def _pieces(keys: Iterable[str]) -> list[list[str]]:
    pieces: list[list[str]] = []
    room = 0
    for key in keys:
        size = len(json.dumps(key)) + len(", ")
        if not pieces or size > room:
            pieces.append([])
            room = KEYS_CHARACTERS_MAX
        pieces[-1].append(key)
        room -= size
    return pieces
