"""A task hub behind gRPC on a free port, and the SDK's client for it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import azure.durable_functions as df

from localhost.taskhub import HubOptions, TaskHub, Worker
from localhost.taskhub.protobuf import PARTS, serving

PATIENCE_SECONDS: Final = 30


class GrpcHost:
    """A hub that serves its clients. `client` is the SDK's."""

    def __init__(self, path: Path, worker: Worker) -> None:
        self._stack = AsyncExitStack()
        self.hub = TaskHub(path, worker, HubOptions(), parts=PARTS)
        self.client: Any = None

    async def start(self) -> None:
        address = await self._stack.enter_async_context(serving(lambda: self.hub.management))
        await self.hub.start()
        self._stack.push_async_callback(self.hub.stop)
        sdk: Any = df
        self.client = sdk.DurableFunctionsClient(json.dumps({"rpcBaseUrl": address}))
        self._stack.push_async_callback(self.client.close)

    async def stop(self) -> None:
        await self._stack.aclose()

    async def run(self, name: str, input_: Any = None) -> Any:
        """Start an orchestration and return its final state."""
        return await self.ended(await self.client.schedule_new_orchestration(name, input=input_))

    async def ended(self, instance: str) -> Any:
        return await self.client.wait_for_orchestration_completion(
            instance, timeout=PATIENCE_SECONDS
        )

    async def entity_where(self, entity: Any, holds: Callable[[Any], bool]) -> Any:
        """Return the state of an entity once it `holds`; None when there is none."""

        async def read() -> Any:
            found = await self.client.get_entity(entity)
            return None if found is None else found.get_typed_state()

        return await eventually(read, holds)


async def eventually(read: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """Read until it holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds(value := await read()):  # noqa: ASYNC110 - from outside
            await asyncio.sleep(0.01)
    return value


Open = Callable[[], Awaitable[GrpcHost]]
