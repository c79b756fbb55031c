# ruff: noqa: N802 - the methods have the names of the service
"""What durable clients of SDK 2.x ask for: the operations of the hub, over gRPC."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn, TypeVar

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as pb_grpc
from google.protobuf.empty_pb2 import Empty

from localhost.taskhub.entities import split_id
from localhost.taskhub.instances import PAGE_SIZE_DEFAULT, Filter
from localhost.taskhub.management import (
    Conflict,
    Gone,
    Invalid,
    Management,
    NotFound,
    StorageRefused,
    WrongState,
)
from localhost.taskhub.protobuf.shown import entity_of, filter_of, orchestration_of, statuses_of
from localhost.taskhub.protobuf.texts import microseconds, text, text_of
from localhost.taskhub.runtime import InstanceRow
from localhost.taskhub.status import entity_exists

HOST: Final = "127.0.0.1"
LOOK_SECONDS: Final = 0.05
"""Between two looks at an instance that somebody waits for."""
STOP_SECONDS: Final = 2.0

_CODES: Final = {
    NotFound: grpc.StatusCode.NOT_FOUND,
    Gone: grpc.StatusCode.FAILED_PRECONDITION,
    WrongState: grpc.StatusCode.FAILED_PRECONDITION,
    Conflict: grpc.StatusCode.ALREADY_EXISTS,
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    StorageRefused: grpc.StatusCode.INTERNAL,
}
Call = Any
"""The context of one call."""
T = TypeVar("T")


class HubService(pb_grpc.TaskHubSidecarServiceServicer):  # type: ignore[misc]  # has no types
    """Answers; whatever is not here is UNIMPLEMENTED, with its name."""

    def __init__(self, hub: Callable[[], Management]) -> None:
        """`hub` is asked when a call comes: the hub has been opened then."""
        self._hub = hub
        for name in vars(pb_grpc.TaskHubSidecarServiceServicer):
            if not name.startswith("_") and name not in vars(HubService):
                setattr(self, name, _not_built(name))

    async def Hello(self, _: Empty, __: Call) -> Empty:
        """Answer."""
        return Empty()

    async def StartInstance(self, asked: Any, call: Call) -> Any:
        """Start an orchestration."""
        if asked.HasField("scheduledStartTimestamp"):
            await _refuse(call, "starts at a later time")
        version = text_of(asked, "version")
        started = self._hub().start(asked.name, asked.instanceId, text_of(asked, "input"), version)
        return pb.CreateInstanceResponse(instanceId=await _done(call, started))

    async def GetInstance(self, asked: Any, _: Call) -> Any:
        """Return the committed row of an orchestration."""
        return _shown(self._find(asked.instanceId), asked)

    async def WaitForInstanceStart(self, asked: Any, _: Call) -> Any:
        """Return it once it runs; the client says how long it waits."""
        return await self._wait(asked, lambda row: row.status != "Pending")

    async def WaitForInstanceCompletion(self, asked: Any, _: Call) -> Any:
        """Return it once it has ended; the client says how long it waits."""
        return await self._wait(asked, lambda row: row.finished)

    async def RaiseEvent(self, asked: Any, call: Call) -> Any:
        """Send an external event."""
        input_ = text_of(asked, "input") or "null"
        await _done(call, self._hub().raise_event(asked.instanceId, asked.name, input_))
        return pb.RaiseEventResponse()

    async def TerminateInstance(self, asked: Any, call: Call) -> Any:
        """End it; children go on, as with 1.x."""
        await _done(call, self._hub().terminate(asked.instanceId, text_of(asked, "output")))
        return pb.TerminateResponse()

    async def SuspendInstance(self, asked: Any, call: Call) -> Any:
        """Hold its events back."""
        await _done(call, self._hub().suspend(asked.instanceId, text_of(asked, "reason")))
        return pb.SuspendResponse()

    async def ResumeInstance(self, asked: Any, call: Call) -> Any:
        """Let its events through."""
        await _done(call, self._hub().resume(asked.instanceId, text_of(asked, "reason")))
        return pb.ResumeResponse()

    async def RewindInstance(self, asked: Any, call: Call) -> Any:
        """Run again what failed."""
        await _done(call, self._hub().rewind(asked.instanceId, text_of(asked, "reason") or ""))
        return pb.RewindInstanceResponse()

    async def RestartInstance(self, asked: Any, call: Call) -> Any:
        """Start it again."""
        new_id = asked.restartWithNewInstanceId
        restarted = self._hub().restart(asked.instanceId, new_id=new_id)
        return pb.RestartInstanceResponse(instanceId=await _done(call, restarted))

    async def QueryInstances(self, asked: Any, _: Call) -> Any:
        """Return a page of orchestrations."""
        rows, following = self._page(filter_of(asked.query), lambda row: not row.is_entity)
        shown = [orchestration_of(row, payloads=asked.query.fetchInputsAndOutputs) for row in rows]
        return pb.QueryInstancesResponse(orchestrationState=shown, continuationToken=following)

    async def PurgeInstances(self, asked: Any, call: Call) -> Any:
        """Delete one instance, or those of a filter."""
        if asked.WhichOneof("request") == "instanceId":
            try:
                await self._hub().purge(asked.instanceId)
            except (NotFound, WrongState):
                return pb.PurgeInstancesResponse(deletedInstanceCount=0)
            return pb.PurgeInstancesResponse(deletedInstanceCount=1)
        if asked.WhichOneof("request") != "purgeInstanceFilter":
            await _refuse(call, "this way to purge")
        wanted = asked.purgeInstanceFilter
        deleted = await self._hub().purge_many(
            Filter(
                created_from=microseconds(wanted.createdTimeFrom),
                created_to=(
                    microseconds(wanted.createdTimeTo) if wanted.HasField("createdTimeTo") else None
                ),
                statuses=statuses_of(wanted.runtimeStatus),
            )
        )
        return pb.PurgeInstancesResponse(deletedInstanceCount=deleted)

    async def SignalEntity(self, asked: Any, call: Call) -> Any:
        """Enqueue an operation."""
        if asked.HasField("scheduledTime"):
            await _refuse(call, "signals with a due time")
        name, key = split_id(asked.instanceId)
        await _done(call, self._hub().signal(name, key, asked.name, text_of(asked, "input")))
        return pb.SignalEntityResponse()

    async def GetEntity(self, asked: Any, _: Call) -> Any:
        """Return the committed state."""
        try:
            row = self._hub().find_entity(asked.instanceId)
        except NotFound:
            return pb.GetEntityResponse(exists=False)
        if not row.is_entity or not entity_exists(row):
            return pb.GetEntityResponse(exists=False)
        return pb.GetEntityResponse(exists=True, entity=entity_of(row, state=asked.includeState))

    async def QueryEntities(self, asked: Any, _: Call) -> Any:
        """Return a page of entities."""
        query = asked.query
        wanted = Filter(
            prefix=text_of(query, "instanceIdStartsWith") or "@",
            only_entities=True,
            first=text_of(query, "continuationToken") or "",
            top=query.pageSize.value or PAGE_SIZE_DEFAULT,
        )
        rows, following = self._page(wanted, lambda _: True)
        shown = [entity_of(row, state=query.includeState) for row in rows]
        return pb.QueryEntitiesResponse(entities=shown, continuationToken=following)

    def _find(self, instance: str) -> InstanceRow | None:
        try:
            return self._hub().find(instance)
        except NotFound:
            return None

    async def _wait(self, asked: Any, holds: Callable[[InstanceRow], bool]) -> Any:
        while (row := self._find(asked.instanceId)) is None or not holds(row):  # noqa: ASYNC110 - rows tell nobody
            await asyncio.sleep(LOOK_SECONDS)
        return _shown(row, asked)

    def _page(
        self, wanted: Filter, takes: Callable[[InstanceRow], bool]
    ) -> tuple[list[InstanceRow], Any]:
        found = self._hub().page(wanted)
        following = text(found[wanted.top].id) if len(found) > wanted.top else None
        return [row for row in found[: wanted.top] if takes(row)], following


def _shown(row: InstanceRow | None, asked: Any) -> Any:
    if row is None:
        return pb.GetInstanceResponse(exists=False)
    state = orchestration_of(row, payloads=asked.getInputsAndOutputs)
    return pb.GetInstanceResponse(exists=True, orchestrationState=state)


async def _done(call: Call, operation: Awaitable[T]) -> T:
    """Do it; failures of the hub become statuses."""
    try:
        return await operation
    except tuple(_CODES) as error:
        await call.abort(_CODES[type(error)], str(error))
        raise


async def _refuse(call: Call, what: str) -> NoReturn:
    await call.abort(grpc.StatusCode.UNIMPLEMENTED, f"localhost has no {what}")
    raise NotImplementedError(what)


def _not_built(name: str) -> Callable[[Any, Call], Awaitable[Any]]:
    async def refuse(_: Any, call: Call) -> NoReturn:
        await _refuse(call, name)

    return refuse


@asynccontextmanager
async def serving(hub: Callable[[], Management]) -> AsyncIterator[str]:
    """Answer durable clients; yields the address."""
    server = grpc.aio.server()
    pb_grpc.add_TaskHubSidecarServiceServicer_to_server(HubService(hub), server)
    port = server.add_insecure_port(f"{HOST}:0")
    await server.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        await server.stop(STOP_SECONDS)
