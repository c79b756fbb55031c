"""From an orchestrator's actions to decisions with ids (host-protocol 5.5, appendix A).

The SDK returns, every time, all actions since the start of the execution, without ids. It
assumes the ids that the extension would give them, and those depend on the order in which
tasks complete. So the actions are replayed against the history, event by event.
"""

import json
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from localhost.taskhub import actions as act
from localhost.taskhub import http_activity
from localhost.taskhub.actions import (
    Action,
    InvalidAction,
    Known,
    UnknownFunction,
    unknown_function,
)
from localhost.taskhub.clock import SECOND, Microseconds, from_iso
from localhost.taskhub.decisions import Decision, EntityRequest
from localhost.taskhub.events import COMPLETIONS, Event, Kind, completed_id
from localhost.taskhub.futures import Future, Loop, TaskFailed, resolved, when_all, when_any

_GUIDS: Final = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
"""Namespace of the ids of entity requests."""


@dataclass(slots=True)
class Replay:
    """One pass of all actions through all events of an execution, past and new."""

    instance: str
    execution: str
    actions: Sequence[Action]
    known: Known
    actions_max: int
    decisions: list[Decision] = field(default_factory=list)
    """Everything that was decided since the start of the execution, in the order of the ids."""
    next_input: str | None = None
    continued: bool = False
    carried: list[Event] = field(default_factory=list)
    """External events that came after the decision to continue as new."""
    stuck: bool = False
    """Whether an action could not even begin: nothing completes the execution any more."""
    invalid: str | None = None
    """Why the instance fails although its code did not."""
    _now: Microseconds = 0
    _open: dict[int, Future] = field(default_factory=dict)
    _waiters: defaultdict[str, list[Future]] = field(default_factory=lambda: defaultdict(list))
    _buffered: defaultdict[str, deque[Event]] = field(default_factory=lambda: defaultdict(deque))
    _sent: dict[str, Microseconds] = field(default_factory=dict)
    _guids: int = 0
    _loop: Loop = field(default_factory=Loop)
    _finished: Future = field(default_factory=Future)
    _starts: dict[int, Callable[[Action], Future]] = field(init=False)

    def __post_init__(self) -> None:
        """Say how each kind of action starts."""
        self._starts = {
            act.CALL_ACTIVITY: self._activity,
            act.CALL_ACTIVITY_RETRY: self._retrying,
            act.CALL_SUB_ORCHESTRATOR: self._sub_orchestrator,
            act.CALL_SUB_ORCHESTRATOR_RETRY: self._retrying,
            act.CONTINUE_AS_NEW: self._continue_as_new,
            act.CREATE_TIMER: self._timer,
            act.WAIT_FOR_EVENT: self._wait_for_event,
            act.CALL_ENTITY: self._call_entity,
            act.CALL_HTTP: self._http,
            act.SIGNAL_ENTITY: self._signal_entity,
            act.WHEN_ANY: self._when_any,
            act.WHEN_ALL: self._when_all,
        }

    @property
    def finished(self) -> bool:
        """Whether all actions are done and no activity, child or timer is outstanding."""
        if self.stuck:
            return False
        return self.invalid is not None or (self._finished.done and not self._open)

    def feed(self, events: Sequence[Event]) -> None:
        """Process events in order; what one makes ready runs before the next.

        What came while the instance was suspended is processed when it is resumed.
        """
        held: list[Event] | None = None
        for event in events:
            kind = event["EventType"]
            if kind == Kind.EXECUTION_SUSPENDED:
                held = [] if held is None else held
            elif kind == Kind.EXECUTION_RESUMED:
                for earlier in held or ():
                    self._step(earlier)
                held = None
            elif held is not None and kind != Kind.ORCHESTRATOR_STARTED:
                held.append(event)
            else:
                self._step(event)

    def _step(self, event: Event) -> None:
        if self.invalid is not None or self.stuck:
            return
        try:
            self._process(event)
            self._loop.run()
        except UnknownFunction:  # of an action that had waited for something
            self.stuck = True
        except InvalidAction as error:
            self.invalid = str(error)

    def _process(self, event: Event) -> None:
        kind = event["EventType"]
        if kind == Kind.ORCHESTRATOR_STARTED:
            self._now = from_iso(event["Timestamp"])
        elif kind == Kind.EXECUTION_STARTED:
            self._finished = self._loop.spawn(self._run())
        elif kind in COMPLETIONS:
            failed = kind in (Kind.TASK_FAILED, Kind.SUB_ORCHESTRATION_FAILED)
            waiting = self._open.pop(completed_id(event), None)
            if waiting is not None:  # else a duplicate, or a cancelled timer
                waiting.result = event.get("Result")
                waiting.resolve(TaskFailed() if failed else None)
        elif kind == Kind.EVENT_RAISED:
            self._raise(event)

    def _raise(self, event: Event) -> None:
        if self.continued:
            self.carried.append(event)
            return
        name = event["Name"].lower()
        if self._waiters[name]:
            self._waiters[name].pop().resolve()  # the newest waiter first, as .NET does
        else:
            self._buffered[name].append(event)

    async def _run(self) -> None:
        if act.size(self.actions) > self.actions_max:
            self.stuck = True  # the extension swallows its own exception
            return
        for action in self.actions:
            try:
                await self._invoke(action)
            except TaskFailed:
                continue  # the orchestrator knows, and decided what comes next
            except UnknownFunction:
                self.stuck = True
                return
            except InvalidAction as error:
                self.invalid = str(error)
                return

    def _invoke(self, action: Action) -> Future:
        """Start an action, up to its first wait; this is where ids are taken."""
        start = self._starts.get(action["actionType"])
        if start is None:
            raise InvalidAction(f"This host knows no actions of type {action['actionType']}.")
        return start(action)

    def _decide(self, decision: Decision, *, opens: bool = True) -> Future:
        self.decisions.append(decision)
        future = Future()
        if opens:
            self._open[decision.id] = future
        return future

    def _activity(self, action: Action) -> Future:
        name = action["functionName"]
        if not self.known.activity(name):
            raise UnknownFunction(name)
        return self._schedule(name, action["input"])

    def _schedule(self, name: str, input_: str) -> Future:
        id_ = len(self.decisions)
        return self._decide(Decision(id_, Kind.TASK_SCHEDULED, self._now, name=name, input=input_))

    def _http(self, action: Action) -> Future:
        return self._loop.spawn(self._call_http(action["httpRequest"]))

    async def _call_http(self, request: dict[str, Any]) -> None:
        """Ask, and after each 202 ask again at its Location, after its Retry-After.

        The SDK knows nothing of the later requests: it goes on with the first answer.
        """
        response = await self._ask(request)
        while (later := http_activity.location_request(request, response)) is not None:
            seconds = http_activity.pause_seconds(response)
            pause = self.known.http_pause if seconds is None else seconds * SECOND
            await self._timer_at(self._now + pause)
            response = await self._ask(later)

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        scheduled = self._schedule(http_activity.NAME, json.dumps(request))
        await scheduled
        response: dict[str, Any] = json.loads(scheduled.result or "{}")
        return response

    def _sub_orchestrator(self, action: Action) -> Future:
        name = action["functionName"]
        if not self.known.orchestrator(name):
            raise UnknownFunction(name)
        id_ = len(self.decisions)
        return self._decide(
            Decision(
                id_,
                Kind.SUB_ORCHESTRATION_CREATED,
                self._now,
                name=name,
                input=json.dumps(action["input"]),
                instance=action.get("instanceId") or f"{self.execution}:{id_}",
                version=action.get("version"),
            )
        )

    def _retrying(self, action: Action) -> Future:
        return self._loop.spawn(self._retry(action))

    async def _retry(self, action: Action) -> None:
        options = action["retryOptions"]
        interval = options["firstRetryIntervalInMilliseconds"] * (SECOND // 1000)
        once = {**action, "actionType": action["actionType"] - 1}
        attempts = options["maxNumberOfAttempts"]
        failure = TaskFailed()
        for attempt in range(1, attempts + 1):
            try:
                await self._invoke(once)
            except TaskFailed as error:
                failure = error
            else:
                return
            # The SDK waits for a timer after the last failure too, one that fires at once.
            await self._timer_at(self._now + (interval if attempt < attempts else 0))
        raise failure

    def _timer_at(self, fire_at: Microseconds) -> Future:
        return self._decide(
            Decision(len(self.decisions), Kind.TIMER_CREATED, self._now, fire_at=fire_at)
        )

    def _timer(self, action: Action) -> Future:
        future = self._timer_at(from_iso(action["fireAt"]))
        if action.get("isCanceled"):
            del self._open[self.decisions[-1].id]
            future.resolve(TaskFailed())
        return future

    def _continue_as_new(self, action: Action) -> Future:
        input_ = action.get("input")
        self.continued, self.next_input = True, None if input_ is None else json.dumps(input_)
        return resolved()

    def _wait_for_event(self, action: Action) -> Future:
        return self._wait_for(action["externalEventName"])

    def _wait_for(self, event_name: str) -> Future:
        name = event_name.lower()
        if self._buffered[name]:
            self._buffered[name].popleft()
            return resolved()
        future = Future()
        self._waiters[name].append(future)
        return future

    def _call_entity(self, action: Action) -> Future:
        return self._wait_for(self._request(action, signal=False))

    def _signal_entity(self, action: Action) -> Future:
        self._request(action, signal=True)
        return resolved()

    def _request(self, action: Action, *, signal: bool) -> str:
        target = action["instanceId"]
        name = target[1:].split("@", 1)[0]
        if not self.known.entity(name):
            if not signal:
                raise UnknownFunction(name)
            raise InvalidAction(unknown_function(name, "entity", self.known.entities))
        last = self._sent.get(target, 0)
        self._sent[target] = max(self._now, last + 1)
        request = EntityRequest(
            id=self._guid(),
            operation=action["operation"],
            input=json.dumps(action["input"]),
            signal=signal,
            sent_at=self._sent[target],
            predecessor=last,
        )
        self._decide(
            Decision(
                len(self.decisions), Kind.EVENT_SENT, self._now, instance=target, request=request
            ),
            opens=False,
        )
        return request.id

    def _guid(self) -> str:
        # The same on every replay; another one when the episode is run again later.
        self._guids += 1
        return str(uuid.uuid5(_GUIDS, f"{self.instance}_{self._now}_{self._guids}"))

    def _when_any(self, action: Action) -> Future:
        return when_any([self._invoke(child) for child in action["compoundActions"]])

    def _when_all(self, action: Action) -> Future:
        return when_all([self._invoke(child) for child in action["compoundActions"]])
