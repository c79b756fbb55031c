"""SDK 1.x: JSON in, JSON out; the extension replays, with the algorithm of `localhost` here."""

import json
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Final

import azure.durable_functions as df

from localhost.taskhub.actions import Known
from localhost.taskhub.decisions import Decision, contradiction, decisions_in
from localhost.taskhub.replay import Replay
from tests.durable_sdk.port import Decide, Moment, RunBatch
from triggers.durable import Names

# A third of an episode is the SDK guessing the formats of timestamps, and they have but one.
_sdk: Any = import_module("azure.durable_functions.models.history.HistoryEvent")
_sdk.dt_parse = datetime.fromisoformat

FIRST_ID: Final = 0
ACTIONS_MAX: Final = 100_000


def run_batch_of(name: str, function: Any) -> RunBatch:
    handle: Any = df.Entity.create(function)

    def run(
        key: str, state: str | None, operations: Sequence[tuple[str, str]]
    ) -> tuple[str | None, list[Any]]:
        request = {
            "self": {"name": name.lower(), "key": key},
            "exists": state is not None,
            "state": state,
            "batch": [
                {"name": operation, "isSignal": True, "input": json.dumps(text)}
                for operation, text in operations
            ],
        }
        answer = json.loads(handle(json.dumps(request)))
        assert not any(each["isError"] for each in answer["results"]), answer
        return answer["entityState"], [json.loads(each["result"]) for each in answer["results"]]

    return run


def decide_of(function: Any) -> Decide:
    handle: Any = df.Orchestrator.create(function)

    def decide(moment: Moment) -> tuple[Sequence[Decision], bool]:
        reply = json.loads(handle(_payload(moment)))
        (actions,) = reply["actions"]
        replay = Replay(moment.id, moment.id, actions, _known(moment.names), ACTIONS_MAX)
        replay.feed([*moment.history, *moment.new])
        past = decisions_in(moment.history)
        assert replay.invalid is None, replay.invalid
        otherwise = contradiction(replay.decisions, past)
        assert otherwise is None, otherwise
        return [each for each in replay.decisions if each.id not in past], reply["isDone"]

    return decide


def _payload(moment: Moment) -> str:
    shown: list[dict[str, Any]] = [
        *({**each, "IsPlayed": True} for each in moment.history),
        *({**each, "IsPlayed": False} for each in moment.new),
    ]
    return json.dumps(
        {
            "history": shown,
            "input": moment.input,
            "instanceId": moment.id,
            "isReplaying": bool(moment.history),
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
        }
    )


def _known(names: Names) -> Known:
    """Return what the app has registered."""
    return Known(
        lambda name: name == names.activity,
        lambda name: name == names.orchestration,
        lambda name: name.lower() == names.entity.lower(),
    )
