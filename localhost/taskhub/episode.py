"""One episode: call the orchestrator once, and work out what follows from its reply.

No I/O but the call of the user's function; what is to be written is in the returned `Episode`.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from localhost.taskhub.actions import Known, unknown_function
from localhost.taskhub.decisions import Decision, Sender, as_event, contradiction
from localhost.taskhub.events import Event, Kind, event, shown, started, text
from localhost.taskhub.failures import dumps, one_or_more, sanitized, too_large
from localhost.taskhub.replay import Replay
from localhost.taskhub.resources import Resources
from localhost.taskhub.runtime import History
from localhost.taskhub.worker_port import FunctionFailed, FunctionTimedOut, WorkerDied

_REPLY_MARK: Final = "\n\n$OutOfProcData$:"
_FIXED: Final = (
    '"upperSchemaVersion":1,"upperSchemaVersionNew":2,'
    '"longRunningTimerIntervalDuration":"3.00:00:00","maximumShortTimerDuration":"6.00:00:00",'
    '"defaultHttpAsyncRequestSleepTimeMillseconds":30000'
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an orchestrator answered. `output` and `custom_status` are JSON."""

    actions: Sequence[dict[str, Any]] | None = None
    """None when the function gave no actions at all: then it has failed, at once."""
    done: bool = False
    output: str | None = None
    error: str | None = None
    custom_status: str | None = None


@dataclass(slots=True)
class Episode:
    """What follows from one work item: the last generation, and decisions of all of them."""

    history: History
    """The execution after the episode; `texts` holds only what came before it."""
    events: list[Event]
    """What this episode adds to the history."""
    decided: list[tuple[Decision, Sender]] = field(default_factory=list)
    status: str = "Running"
    output: str | None = None
    failure: str = ""
    """Why it failed, without the name of the orchestrator."""
    custom_status: str | None = None
    replaces: bool = False
    """Whether it begins a new execution, so that earlier history goes."""


@dataclass(frozen=True, slots=True)
class Next:
    """The generation after a continue-as-new: its input as JSON, and external events it gets."""

    input: str | None
    carried: list[Event]


class Orchestrator:
    """Runs episodes."""

    def __init__(self, resources: Resources) -> None:
        """Functions are run by the worker of `resources`."""
        worker = self._worker = resources.worker
        self._options = resources.options
        self._clock = resources.clock
        self._faults = resources.faults
        self._counts = resources.counts
        self._known = Known(
            *(worker.has_activity, worker.has_orchestrator, worker.has_entity),
            *(worker.names("entity"), self._options.http_pause),
        )

    async def run(
        self, instance: str, history: History, messages: Sequence[Event], *, replaces: bool
    ) -> Episode:
        """Run an episode for `messages`, and further ones while it continues as new."""
        decided: list[tuple[Decision, Sender]] = []
        while True:
            self._counts.episodes += 1
            opening = event(Kind.ORCHESTRATOR_STARTED, self._clock.now())
            episode = Episode(history, [opening, *messages], replaces=replaces)
            episode.decided = decided
            following = await self._run(instance, episode)
            if following is None:
                return episode
            history = History(uuid.uuid4().hex, history.origin)
            start = self._start_of_next(start_of(episode), history.execution, following.input)
            messages, replaces = [start, *following.carried], True

    async def _run(self, instance: str, episode: Episode) -> Next | None:
        """Run one generation. Return how the next one begins, if there is one."""
        start = start_of(episode)
        reply = await self._ask(instance, start, episode)
        if reply.actions is not None:
            episode.custom_status = reply.custom_status
        if reply.actions is None:
            if not self._contradicts(episode, start, []):
                self._end(episode, start["Name"], reply, reply.error)
            return None
        replay = self._replay(instance, episode, reply.actions)
        failure = replay.invalid
        if failure is None and not replay.stuck:
            if self._contradicts(episode, start, replay.decisions):
                return None
            failure = too_large(reply.custom_status)
            episode.custom_status = None if failure else reply.custom_status
        past = episode.history.decisions
        self._decide(start, episode, [each for each in replay.decisions if each.id not in past])
        if not replay.finished:
            self._close(episode)
            return None
        failure = failure or reply.error
        if failure is None and replay.continued:
            return Next(replay.next_input, replay.carried)
        self._end(episode, start["Name"], reply, failure)
        return None

    def _replay(self, instance: str, episode: Episode, actions: Sequence[dict[str, Any]]) -> Replay:
        execution = episode.history.execution
        replay = Replay(
            instance, execution, actions, self._known, self._options.max_orchestration_actions
        )
        replay.feed([*episode.history.events, *episode.events])
        return replay

    def _decide(self, start: Event, episode: Episode, decisions: Sequence[Decision]) -> None:
        """Keep what is new; it is carried out even if the code failed."""
        sender = self._sender(episode, start)
        for decision in decisions:
            episode.decided.append((decision, sender))
            episode.events.append(as_event(decision, sender))

    def _sender(self, episode: Episode, start: Event) -> Sender:
        return Sender(
            start["OrchestrationInstance"]["InstanceId"],
            episode.history.execution,
            start["Name"],
            start["Version"],
            self._options.store_inputs_in_history,
        )

    def _contradicts(self, episode: Episode, start: Event, decisions: Sequence[Decision]) -> bool:
        """End an episode whose decisions are not those of its history: none can be trusted."""
        found = contradiction(decisions, episode.history.decisions)
        if found is None:
            return False
        if found.instead is not None:
            sender = self._sender(episode, start)
            episode.events.append(as_event(found.instead, sender))
        episode.status, episode.output, episode.failure = "Failed", found.text, found.text
        end(episode, self._clock.now())
        self._close(episode)
        return True

    def _end(self, episode: Episode, name: str, reply: Reply, failure: str | None) -> None:
        if failure is not None:
            episode.status, episode.failure = "Failed", failure
            episode.output = f"Orchestrator function '{name}' failed: {failure}"
        elif reply.done:
            episode.status, episode.output = "Completed", reply.output
        if episode.status != "Running":
            end(episode, self._clock.now())
        self._close(episode)

    def _close(self, episode: Episode) -> None:
        episode.events.append(event(Kind.ORCHESTRATOR_COMPLETED, self._clock.now()))

    def _start_of_next(self, before: Event, execution: str, input_: str | None) -> Event:
        return started(
            self._clock.now(),
            instance=before["OrchestrationInstance"]["InstanceId"],
            execution=execution,
            name=before["Name"],
            version=before["Version"],
            input_=input_,
            parent=before["ParentInstance"],
        )

    async def _ask(self, instance: str, start: Event, episode: Episode) -> Reply:
        name = start["Name"]
        if not self._worker.has_orchestrator(name):
            return Reply(
                error=unknown_function(name, "orchestrator", self._worker.names("orchestrator"))
            )
        if start["Input"] and not start["Input"].strip():
            said = f"Exception while executing function: Functions.{name}"
            return Reply(error=f"One or more errors occurred. ({said})")
        payload = _payload(instance, start, episode)
        try:
            reply = await self._worker.run_orchestrator(name, payload)
            return _read(reply)
        except WorkerDied as death:
            return Reply(error=f"One or more errors occurred. ({death})")
        except FunctionTimedOut:
            raise  # the episode is run again
        except FunctionFailed as failure:
            return _read_failure(failure)


def start_of(episode: Episode) -> Event:
    """Return the ExecutionStarted, which is in the history or among the new events."""
    events = (*episode.events, *episode.history.events)
    return next(e for e in events if e["EventType"] == Kind.EXECUTION_STARTED)


def end(episode: Episode, now: int) -> None:
    """Add the event that ends the execution with the status and output of the episode."""
    episode.events.append(
        event(
            Kind.EXECUTION_COMPLETED,
            now,
            OrchestrationStatus=episode.status,
            Result=episode.output,
        )
    )


def _payload(instance: str, start: Event, episode: Episode) -> str:
    past = episode.history.texts
    new = shown([text(e) for e in episode.events], played=False)
    parent = start["ParentInstance"]
    parent_id = parent["OrchestrationInstance"]["InstanceId"] if parent else None
    return (
        f'{{"history":[{",".join([*past, new])}],'
        f'"input":{start["Input"] or "null"},"instanceId":{json.dumps(instance)},'
        f'"isReplaying":{"true" if past else "false"},'
        f'"parentInstanceId":{json.dumps(parent_id)},{_FIXED}}}'
    )


def _read(text_: str) -> Reply:
    try:
        return _reply(json.loads(text_))
    except (ValueError, TypeError, KeyError) as error:
        return Reply(error=f"The function returned what is not a list of actions: {error}")


def _reply(parsed: dict[str, Any]) -> Reply:
    (actions,) = parsed["actions"]
    output, status = parsed.get("output"), parsed.get("customStatus")
    return Reply(
        actions,
        parsed["isDone"],
        None if output is None else dumps(output),
        parsed.get("error"),
        None if status is None else dumps(status),
    )


def _read_failure(failed: FunctionFailed) -> Reply:
    """Read the actions that an orchestrator took before it raised.

    JSON has no raw line breaks, so the last mark after an empty line is the SDK's own.
    """
    said = sanitized(str(failed))
    without = Reply(error=one_or_more(said, failed.stack_trace))
    message, mark, data = said.rpartition(_REPLY_MARK)
    if not mark:
        return without
    try:
        reply = _reply(json.loads(data))
    except (ValueError, TypeError, KeyError):
        return without
    if reply.done:  # its output could not be serialised
        return without
    return reply if reply.error else Reply(reply.actions, error=message)
