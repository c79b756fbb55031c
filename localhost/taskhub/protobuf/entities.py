"""Batches of entity operations of SDK 2.x: each that raises is rolled back by itself."""

import base64
import json
import logging
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.message import DecodeError
from typing_extensions import override

from localhost.taskhub.actions import InvalidAction
from localhost.taskhub.decisions import operation
from localhost.taskhub.entities import Answer, BatchFailed, Entities, Snapshot, failed, split_id
from localhost.taskhub.messages import Message
from localhost.taskhub.protobuf.failure import kept, shown
from localhost.taskhub.protobuf.texts import text, text_of
from localhost.taskhub.sorter import Operation
from localhost.taskhub.worker_port import FunctionFailed, FunctionTimedOut, WorkerDied

log = logging.getLogger(__name__)


class ProtobufEntities(Entities):
    """Runs batches.

    One that fails as a whole, or whose worker dies, is answered with errors and not run again: its
    operations are lost. With 1.x it runs again.
    """

    @override
    async def _reply(
        self, instance: str, before: Snapshot, operations: Sequence[Operation]
    ) -> Answer:
        name, _ = split_id(instance)
        batch = [json.loads(each.body) for each in operations]
        try:
            reply = await self._worker.run_entity(name, request(instance, before.state, batch))
        except FunctionTimedOut:
            raise
        except (FunctionFailed, WorkerDied) as error:
            return failed(str(error), before, len(operations))
        result = result_of(reply)
        if len(result.results) != len(operations):
            raise BatchFailed(f"{len(result.results)} results for {len(operations)} operations")
        state = text_of(result, "entityState")
        answers = [_answered(each) for each in result.results]
        try:
            sent = [self._signal(action) for action in result.actions]
        except InvalidAction as error:
            log.error("%s: %s; the batch changes nothing", instance, error)  # noqa: TRY400 - no bug
            return failed(str(error), before, len(operations))
        return Answer(state is not None, state, answers, sent)

    def _signal(self, action: pb.OperationAction) -> Message:
        kind = action.WhichOneof("operationActionType")
        if kind != "sendSignal":
            raise InvalidAction(f"localhost has no {kind} of an entity")
        signal = action.sendSignal
        if signal.HasField("scheduledTime"):
            raise InvalidAction("localhost has no signals with a scheduledTime")
        body = operation(signal.name, text_of(signal, "input"), signal=True)
        return Message(self._numbers.take(), signal.instanceId, body)


def request(instance: str, state: str | None, batch: Iterable[dict[str, Any]]) -> str:
    """Return what an entity function gets; `batch` has what `decisions.operation` makes."""
    message = pb.EntityBatchRequest(
        instanceId=instance,
        entityState=text(state),
        operations=[
            pb.OperationRequest(
                operation=each["name"], requestId=str(uuid.uuid4()), input=text(each["input"])
            )
            for each in batch
        ],
    )
    return base64.b64encode(message.SerializeToString()).decode()


def result_of(reply: str) -> pb.EntityBatchResult:
    """Read what it returned. Raises BatchFailed."""
    result = pb.EntityBatchResult()
    try:
        result.ParseFromString(base64.b64decode(reply, validate=True))
    except (ValueError, DecodeError) as error:
        raise BatchFailed(f"not the answer of an entity: {error}") from error
    return result


def _answered(result: pb.OperationResult) -> dict[str, Any]:
    if result.HasField("failure"):
        details = kept(result.failure.failureDetails)
        return {"isError": True, "result": json.dumps(shown(details))}
    return {"isError": False, "result": text_of(result.success, "result")}
