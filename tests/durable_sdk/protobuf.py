"""SDK 2.x: protobuf in, protobuf out; the SDK replays."""

from collections.abc import Sequence
from typing import Any, Final

from azure.durable_functions.worker import DurableFunctionsWorker

from localhost.taskhub.decisions import Decision
from localhost.taskhub.protobuf import entities, turn
from tests.durable_sdk.port import Decide, Moment, RunBatch

FIRST_ID: Final = 1


def run_batch_of(name: str, function: Any) -> RunBatch:
    function.__durable_entity_name__ = name  # as its decorator does
    worker: Any = DurableFunctionsWorker()

    def run(
        key: str, state: str | None, operations: Sequence[tuple[str, str]]
    ) -> tuple[str | None, list[Any]]:
        batch = [{"name": operation, "input": text} for operation, text in operations]
        request = entities.request(f"@{name.lower()}@{key}", state, batch)
        result: Any = entities.result_of(worker.execute_entity_batch_request(function, request))
        assert not any(each.HasField("failure") for each in result.results), result
        state = result.entityState.value if result.HasField("entityState") else None
        return state, [each.success.result.value or None for each in result.results]

    return run


def decide_of(function: Any) -> Decide:
    worker: Any = DurableFunctionsWorker()

    def decide(moment: Moment) -> tuple[Sequence[Decision], bool]:
        request = turn.request(moment.id, moment.history, moment.new)
        reply = worker.execute_orchestration_request(function, request)
        answer = turn.turn_of(reply, moment.history, moment.now, moment.id)
        assert answer.ending is None or answer.ending.failure is None, answer.ending
        return answer.decisions, answer.ending is not None

    return decide
