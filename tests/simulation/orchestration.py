"""One orchestration: its history, and an episode of it through the SDK's own handler.

From actions to decisions with ids goes the algorithm of `localhost`, which is tested there.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, Final

from localhost.taskhub.actions import Known
from localhost.taskhub.clock import Microseconds
from localhost.taskhub.decisions import Decision, Sender, as_event, contradiction, decisions_in
from localhost.taskhub.events import COMPLETIONS, Event, Kind, completed_id, event, started
from localhost.taskhub.replay import Replay
from triggers.durable import Names

Handle = Callable[[str], str]

# A third of an episode is the SDK guessing the formats of timestamps, and they have but one.
_sdk: Any = import_module("azure.durable_functions.models.history.HistoryEvent")
_sdk.dt_parse = datetime.fromisoformat


ACTIONS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Episode:
    """What one run of the code on some messages adds."""

    events: Sequence[Event]
    decided: Sequence[Decision]
    is_done: bool


@dataclass(slots=True)
class Orchestration:
    """What is stored of it, and what is on its way to it."""

    id: str
    input: str
    """JSON."""
    names: Names
    history: list[Event] = field(default_factory=list)
    queue: list[Event] = field(default_factory=list)
    due: bool = False
    over: bool = False

    def start(self, now: Microseconds) -> None:
        self.queue.append(
            started(
                now,
                instance=self.id,
                execution=self.id,
                name=self.names.orchestration,
                version=None,
                input_=json.dumps(self.input),
            )
        )

    def deliverable(self) -> list[Event]:
        """What the platform would show it now (host-protocol 7.2): not what answers a decision
        that is not committed yet, nor what repeats what it has seen; and its start comes first."""
        if not self.history:
            return [each for each in self.queue if each["EventType"] == Kind.EXECUTION_STARTED][:1]
        self._drop_repeats()
        made = decisions_in(self.history)
        return [each for each in self.queue if completed_id(each) in made]

    def _drop_repeats(self) -> None:
        seen = {completed_id(each) for each in self.history if each["EventType"] in COMPLETIONS}
        self.queue = [
            each
            for each in self.queue
            if each["EventType"] in COMPLETIONS and completed_id(each) not in seen
        ]

    def run(self, handle: Handle, batch: Sequence[Event], now: Microseconds) -> Episode:
        """Run the code; nothing is stored by that."""
        new = [event(Kind.ORCHESTRATOR_STARTED, now), *_each_once(batch)]
        reply = json.loads(handle(self._payload(new)))
        (actions,) = reply["actions"]
        replay = Replay(self.id, self.id, actions, known(self.names), ACTIONS_MAX)
        replay.feed([*self.history, *new])
        past = decisions_in(self.history)
        assert replay.invalid is None, replay.invalid
        otherwise = contradiction(replay.decisions, past)
        assert otherwise is None, otherwise
        decided = [each for each in replay.decisions if each.id not in past]
        sender = Sender(self.id, self.id, self.names.orchestration, None, store_inputs=False)
        events = [*new, *(as_event(each, sender) for each in decided)]
        return Episode([*events, event(Kind.ORCHESTRATOR_COMPLETED, now)], decided, reply["isDone"])

    def _payload(self, new: Sequence[Event]) -> str:
        shown: list[dict[str, Any]] = [
            *({**each, "IsPlayed": True} for each in self.history),
            *({**each, "IsPlayed": False} for each in new),
        ]
        return json.dumps(
            {
                "history": shown,
                "input": self.input,
                "instanceId": self.id,
                "isReplaying": bool(self.history),
                "parentInstanceId": None,
                "upperSchemaVersion": 1,
                "upperSchemaVersionNew": 2,
            }
        )


def known(names: Names) -> Known:
    """Return what the app has registered."""
    return Known(
        lambda name: name == names.activity,
        lambda name: name == names.orchestration,
        lambda name: name.lower() == names.entity.lower(),
    )


def _each_once(batch: Sequence[Event]) -> Sequence[Event]:
    """Of two completions of one task in one batch, the first counts."""
    kept: dict[Any, Event] = {}
    for each in batch:
        is_completion = each["EventType"] in COMPLETIONS
        kept.setdefault(completed_id(each) if is_completion else "start", each)
    return list(kept.values())
