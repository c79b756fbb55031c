"""Runs the real orchestrator through the SDK, with history as the platform writes it.

Ids are given as the platform gives them: one per activity, timer and signal, in order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import azure.durable_functions as df

from activities.hub import ORCHESTRATION_NAME
from activities.outbox import outbox

ACTIVITY: Final = 0
TIMER: Final = 5
SIGNAL: Final = 9

BEGINNING: Final = datetime(2026, 7, 1, 10, 0, 0, 123456, tzinfo=UTC)

_handle = df.Orchestrator.create(outbox)


@dataclass(slots=True)
class Orchestration:
    """One instance, episode by episode. `actions` is all it has done."""

    wanted: Any
    now: datetime = BEGINNING
    history: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    done: bool = False
    output: Any = None

    def start(self) -> list[dict[str, Any]]:
        """Run the first episode; return its actions."""
        started: dict[str, Any] = {
            "OrchestrationInstance": {"InstanceId": "inst1", "ExecutionId": "e" * 32},
            "ParentInstance": None,
            "Name": ORCHESTRATION_NAME,
            "Version": "",
            "Input": json.dumps(json.dumps(self.wanted)),
            "Tags": None,
        }
        return self._episode(self._event(0, **started))

    def complete(self, result: Any) -> list[dict[str, Any]]:
        """Answer the last activity; return the new actions."""
        return self._episode(
            self._event(5, TaskScheduledId=self._last(ACTIVITY), Result=json.dumps(result))
        )

    def fail(self, reason: str) -> list[dict[str, Any]]:
        """Fail the last activity."""
        return self._episode(
            self._event(6, TaskScheduledId=self._last(ACTIVITY), Reason=reason, Details=reason)
        )

    def fire(self) -> list[dict[str, Any]]:
        """Let the last timer fire when it is due."""
        place = self._last(TIMER)
        self.now = datetime.fromisoformat(self.actions[place]["fireAt"])
        return self._episode(self._event(11, TimerId=place, FireAt=self.actions[place]["fireAt"]))

    def _episode(self, *news: dict[str, Any]) -> list[dict[str, Any]]:
        self.now += timedelta(milliseconds=20)
        events = [*self.history, self._event(12), *news]
        payload = {
            "history": events,
            "input": json.dumps(self.wanted),
            "instanceId": "inst1",
            "isReplaying": bool(self.history),
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "longRunningTimerIntervalDuration": "3.00:00:00",
            "maximumShortTimerDuration": "6.00:00:00",
            "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
        }
        answer = json.loads(_handle(json.dumps(payload)))
        (actions,) = answer["actions"]
        before = len(self.actions)
        assert actions[:before] == self.actions, "a replay did something else than before"
        self.actions = actions
        self.done, self.output = answer["isDone"], answer.get("output")
        self._commit(events, actions[before:], before)
        return list(actions[before:])

    def _commit(
        self, events: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], first: int
    ) -> None:
        decisions = [self._decision(first + n, action) for n, action in enumerate(new)]
        self.history = [{**each, "IsPlayed": True} for each in (*events, *decisions)]
        self.history.append({**self._event(13), "IsPlayed": True})

    def _decision(self, event_id: int, action: dict[str, Any]) -> dict[str, Any]:
        match action["actionType"]:
            case 0:
                name = action["functionName"]
                return self._event(4, event_id, Name=name, Version="", Input=None)
            case 5:
                return self._event(10, event_id, FireAt=action["fireAt"])
            case 9:
                request = {"op": action["operation"], "signal": True, "input": action["input"]}
                text = json.dumps({**request, "id": f"{event_id:032x}"})
                target = action["instanceId"]
                return self._event(14, event_id, InstanceId=target, Name="op", Input=text)
        raise AssertionError(action)

    def _event(self, kind: int, event_id: int = -1, **fields: Any) -> dict[str, Any]:
        at = self.now.isoformat().replace("+00:00", "7Z")
        return {
            "EventType": kind,
            "EventId": event_id,
            "IsPlayed": False,
            "Timestamp": at,
            **fields,
        }

    def _last(self, kind: int) -> int:
        return max(n for n, each in enumerate(self.actions) if each["actionType"] == kind)
