"""Activities: run at least once; a failure is an answer, not a reason to run again."""

import asyncio
import sqlite3
from collections import deque

from localhost.taskhub import http_activity
from localhost.taskhub.actions import unknown_function
from localhost.taskhub.clock import SECOND
from localhost.taskhub.commit import Commit, Committer
from localhost.taskhub.events import Event, Kind, event, text
from localhost.taskhub.failures import details_of, sanitized, through_dotnet
from localhost.taskhub.faults import Work
from localhost.taskhub.messages import ActivityTask, Message
from localhost.taskhub.resources import Resources
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied

_AGAIN_SECONDS = 2
"""How long an activity whose result could not be written waits before it runs again."""


class RunAgain(Exception):
    """There is no outcome: the activity has to run once more."""


class Activities:
    """Runs the activities that orchestrations have scheduled, up to a limit at a time."""

    def __init__(self, resources: Resources, committer: Committer) -> None:
        """Run functions with the worker of `resources`."""
        self._limit = resources.options.max_concurrent_activities
        self._worker = resources.worker
        self._clock = resources.clock
        self._faults = resources.faults
        self._numbers = resources.numbers
        self._counts = resources.counts
        self._committer = committer
        self._ready: deque[ActivityTask] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def ready(self) -> int:
        """How many activities wait for their turn."""
        return len(self._ready)

    def deliver(self, activity: ActivityTask) -> None:
        """Hand in an activity that is on disk."""
        self._ready.append(activity)
        self._start()

    async def stop(self) -> None:
        """Start nothing any more and wait until nothing runs."""
        self._stopping = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    def kill(self) -> None:
        """Start nothing any more, and break off what runs."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()

    def _start(self) -> None:
        while self._ready and len(self._tasks) < self._limit and not self._stopping:
            task = asyncio.create_task(self._work(self._ready.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()  # a bug in the hub: let the event loop's handler tell
        self._start()

    async def _work(self, activity: ActivityTask) -> None:
        try:
            outcome = await self._run(activity)
            commit = Commit(Work.ACTIVITY, messages=[outcome], ran=[activity.seq])
            await self._committer.commit(commit, lambda: False)
        except (sqlite3.Error, RunAgain):
            again = self._clock.now() + _AGAIN_SECONDS * SECOND
            self._clock.call_at(again, lambda: self.deliver(activity))

    async def _run(self, activity: ActivityTask) -> Message:
        self._counts.activities_run += 1
        try:
            result = await self._ask(activity)
        except (FunctionFailed, WorkerDied) as error:
            return self._tell(activity, self._failed(activity, error))
        completed = event(
            Kind.TASK_COMPLETED, self._clock.now(), TaskScheduledId=activity.task, Result=result
        )
        return self._tell(activity, completed)

    def _failed(self, activity: ActivityTask, error: FunctionFailed | WorkerDied) -> Event:
        return event(
            Kind.TASK_FAILED,
            self._clock.now(),
            TaskScheduledId=activity.task,
            Reason=_reason(activity.name, sanitized(str(error))),
            Details=details_of(error),
        )

    async def _ask(self, activity: ActivityTask) -> str | None:
        if activity.name == http_activity.NAME:
            return await http_activity.send(activity.input)
        if not self._worker.has_activity(activity.name):
            known = self._worker.names("activity")
            raise FunctionFailed(unknown_function(activity.name, "activity", known))
        result = await self._worker.run_activity(activity.name, activity.input)
        return None if result == "null" else through_dotnet(result)  # as Azure stores None

    def _tell(self, activity: ActivityTask, outcome: dict[str, object]) -> Message:
        return Message(
            self._numbers.take(), activity.instance, text(outcome), execution=activity.execution
        )


def _reason(name: str, said: str) -> str:
    return said if name == http_activity.NAME else f"Activity function '{name}' failed: {said}"
