"""What the app uses of the SDK's durable client, over the simulated network."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.EntityStateResponse import EntityStateResponse

from tests.simulation.entities import Entities
from tests.simulation.faults import Fault
from tests.simulation.network import Network
from tests.simulation.places import HUB_CALLS_AT_ONCE


class SimulatedClient:
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

    async def signal_entity(self, entity: df.EntityId, operation: str, body: Any) -> None:
        key, text = entity.key, json.dumps(json.dumps(body))
        number = next(self._entities.numbers)
        self._told(key, body["done"])
        self._network.observer.sent(key, number, body)
        async with self._session:
            await self._network.call(
                *("hub.create", key, f"{operation} {body}"),
                lambda: self._entities.deliver(key, operation, text, number),
                error=ConnectionError,
            )

    async def start_new(self, name: str, *, client_input: Any) -> str:
        text = json.dumps(client_input)
        async with self._session:
            await self._network.call(
                *("hub.hand_over", "*", text),
                lambda: self._start_of(name, text),
                error=ConnectionError,
            )
        return "started"

    async def read_entity_state(self, entity: df.EntityId) -> EntityStateResponse:
        key = entity.key
        async with self._session:
            state = await self._network.call(
                *("hub.order", key, ""),
                lambda: self._entities.read(key),
                instead={
                    Fault.STALE: lambda: self._entities.read_stale(key),
                    Fault.DIRTY: lambda: self._entities.read_dirty(key),
                },
                error=ConnectionError,
            )
        return EntityStateResponse(state is not None, state)
