"""Calls through azure-functions-durable 2.x: gRPC, on one channel of this process.

The client of an invocation has a channel of its own, which is closed when the function returns:
what goes on after that, a signal that is sent again say, would fail. So there is one that lasts.
"""

import json
from datetime import datetime
from typing import Any, Final

import azure.durable_functions as df
from durabletask.client import OrchestrationStatus as Status
from durabletask.entities import EntityInstanceId
from typing_extensions import override

from taskhub.sdk import Calls

FINISHED: Final = [Status.COMPLETED, Status.FAILED, Status.TERMINATED]
"""There is no Canceled: `purge_instance_history_by`, which takes the statuses of 1.x, raises for it."""

TOLD: Final = (
    "taskHubName",
    "connectionName",
    "requiredQueryStringParameters",
    "rpcBaseUrl",
    "maxGrpcMessageSizeInBytes",
)
"""What the host tells a client and a client keeps, as far as calls need it."""

_lasting: dict[str, Any] = {}


class ChannelCalls(Calls):
    """Through a client that lasts."""

    def __init__(self, client: Any) -> None:
        """Use `client`, a DurableFunctionsClient."""
        self._client = client

    @override
    async def signal(self, entity: str, key: str, operation: str, message: Any) -> None:
        await self._client.signal_entity(EntityInstanceId(entity, key), operation, message)

    @override
    async def state(self, entity: str, key: str) -> Any:
        found = await self._client.get_entity(EntityInstanceId(entity, key))
        return None if found is None else found.get_typed_state()

    @override
    async def start(self, orchestration: str, message: Any) -> None:
        await self._client.schedule_new_orchestration(orchestration, input=message)

    @override
    async def purge(self, since: datetime, until: datetime) -> int:
        answer = await self._client.purge_orchestrations_by(
            created_time_from=since, created_time_to=until, runtime_status=FINISHED
        )
        return int(answer.deleted_instance_count)


def declare_entity(functions: df.Blueprint, name: str, function: Any) -> Any:
    """Declare an entity; the SDK runs it on a thread."""
    return functions.entity_trigger("context", entity_name=name)(function)


def calls_of(client: Any) -> ChannelCalls:
    """Return calls over the channel that lasts, to the host that `client` speaks to."""
    told = json.dumps({name: getattr(client, name) for name in TOLD})
    if told not in _lasting:
        sdk: Any = df  # checked against 1.x, which has no such class
        _lasting[told] = sdk.DurableFunctionsClient(told)
    return ChannelCalls(_lasting[told])
