"""The app's calls of the Durable SDK, over the simulated network."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from typing_extensions import override

from taskhub.sdk import Calls
from tests.simulation.entities import Entities
from tests.simulation.faults import Fault
from tests.simulation.network import Network
from tests.simulation.places import HUB_CALLS_AT_ONCE


class SimulatedCalls(Calls):
    """One per process: its session allows so many calls at once."""

    def __init__(
        self,
        entities: Entities,
        start: Callable[[str, str], object],
        network: Network,
        told: Callable[[str, Sequence[str]], object],
    ) -> None:
        """`start` takes the name of an orchestrator and its input; `told` hears the key of an
        entity, and the ids that it is told are done.
        """
        self._told = told
        self._entities, self._start_of, self._network = entities, start, network
        self._session = asyncio.Semaphore(HUB_CALLS_AT_ONCE)

    @override
    async def signal(self, entity: str, key: str, operation: str, message: Any) -> None:
        text = json.dumps(message)
        number = next(self._entities.numbers)
        self._told(key, message["done"])
        self._network.observer.sent(key, number, message)
        async with self._session:
            await self._network.call(
                *("hub.create", key, f"{operation} {message}"),
                lambda: self._entities.deliver(key, operation, text, number),
                error=ConnectionError,
            )

    @override
    async def start(self, orchestration: str, message: Any) -> None:
        text = json.dumps(message)
        async with self._session:
            await self._network.call(
                *("hub.hand_over", "*", text),
                lambda: self._start_of(orchestration, text),
                error=ConnectionError,
            )

    @override
    async def state(self, entity: str, key: str) -> Any:
        async with self._session:
            return await self._network.call(
                *("hub.order", key, ""),
                lambda: self._entities.read(key),
                instead={
                    Fault.STALE: lambda: self._entities.read_stale(key),
                    Fault.DIRTY: lambda: self._entities.read_dirty(key),
                },
                error=ConnectionError,
            )

    @override
    async def purge(self, since: datetime, until: datetime) -> int:
        raise NotImplementedError
