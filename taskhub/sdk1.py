"""Calls through azure-functions-durable 1.x: HTTP, on a session that all clients share."""

from datetime import datetime
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions import OrchestrationRuntimeStatus as Status
from typing_extensions import override

from taskhub.sdk import Calls

FINISHED: Final = [Status.Completed, Status.Failed, Status.Terminated, Status.Canceled]


class SessionCalls(Calls):
    """Through the client of an invocation, which stays usable."""

    def __init__(self, client: df.DurableOrchestrationClient) -> None:
        """Use `client`."""
        self._client = client

    @override
    async def signal(self, entity: str, key: str, operation: str, message: Any) -> None:
        await self._client.signal_entity(df.EntityId(entity, key), operation, message)

    @override
    async def state(self, entity: str, key: str) -> Any:
        return (await self._client.read_entity_state(df.EntityId(entity, key))).entity_state

    @override
    async def start(self, orchestration: str, message: Any) -> None:
        await self._client.start_new(orchestration, client_input=message)

    @override
    async def purge(self, since: datetime, until: datetime) -> int:
        answer = await self._client.purge_instance_history_by(
            created_time_from=since, created_time_to=until, runtime_status=FINISHED
        )
        return int(answer.instances_deleted)


calls_of = SessionCalls


def declare_entity(functions: df.Blueprint, name: str, function: Any) -> Any:
    """Declare an entity that runs on the event loop.

    The SDK's decorator declares the same as a plain function. Each batch would then take the way
    to a thread of the worker's pool and back: a tenth of the CPU of a request.
    """
    handler: Any = df.Entity.create(function)

    @functions.generic_trigger("context", "entityTrigger", entityName=name)
    async def order(context: func.EntityContext) -> Any:
        return handler(context)

    return order
