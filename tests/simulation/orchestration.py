"""One orchestration: its history, and an episode of it through the SDK's own handler."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from localhost.taskhub.clock import Microseconds
from localhost.taskhub.decisions import Decision, Sender, as_event, decisions_in
from localhost.taskhub.events import COMPLETIONS, Event, Kind, completed_id, event, started
from tests.durable_sdk import Decide, Moment
from triggers.durable import Names


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
                input_=self.input,
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

    def run(self, decide: Decide, batch: Sequence[Event], now: Microseconds) -> Episode:
        """Run the code; nothing is stored by that."""
        new = [event(Kind.ORCHESTRATOR_STARTED, now), *_each_once(batch)]
        moment = Moment(self.id, self.input, self.names, self.history, new, now)
        decided, is_done = decide(moment)
        sender = Sender(self.id, self.id, self.names.orchestration, None, store_inputs=False)
        events = [*new, *(as_event(each, sender) for each in decided)]
        return Episode([*events, event(Kind.ORCHESTRATOR_COMPLETED, now)], decided, is_done)


def _each_once(batch: Sequence[Event]) -> Sequence[Event]:
    """Of two completions of one task in one batch, the first counts."""
    kept: dict[Any, Event] = {}
    for each in batch:
        is_completion = each["EventType"] in COMPLETIONS
        kept.setdefault(completed_id(each) if is_completion else "start", each)
    return list(kept.values())
