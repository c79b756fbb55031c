"""The work item of an orchestration: sift its messages, run an episode, commit the outcome."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from localhost.taskhub.commit import Aborted, Commit, Committer, Statement
from localhost.taskhub.decisions import as_activity, as_message
from localhost.taskhub.episode import Episode, Orchestrator, end, start_of
from localhost.taskhub.events import Event, Kind, event, shown, text
from localhost.taskhub.failures import child_details
from localhost.taskhub.faults import Work
from localhost.taskhub.inbox import Sifted, sift
from localhost.taskhub.mailboxes import Mailbox
from localhost.taskhub.messages import Message
from localhost.taskhub.resources import Resources
from localhost.taskhub.rewind import rewound
from localhost.taskhub.runtime import History, InstanceRow, find_history, find_row
from localhost.taskhub.versions import is_newer
from localhost.taskhub.worker_port import FunctionTimedOut, WorkerDied

_FORGET = "DELETE FROM history WHERE instance = ?"
_REMEMBER = "INSERT INTO history (instance, seq, execution, origin, events) VALUES (?, ?, ?, ?, ?)"
_NEW_ROW = (
    "INSERT INTO instances (id, execution, name, version, status, input, output, custom_status,"
    " created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
    " execution = excluded.execution, name = excluded.name, version = excluded.version,"
    " status = excluded.status, input = excluded.input, output = excluded.output,"
    " custom_status = excluded.custom_status, created = excluded.created,"
    " updated = excluded.updated WHERE instances.execution = ?"
)
_SAME_ROW = (
    "UPDATE instances SET status = ?, output = ?, custom_status = ?, updated = ?"
    " WHERE id = ? AND execution = ?"
)
_END_ROW = (
    "UPDATE instances SET input = ?, status = ?, output = ?, updated = ?"
    " WHERE id = ? AND execution = ?"
)


@dataclass(slots=True)
class WorkItem:
    """An instance with the messages that its next episode is about."""

    instance: str
    row: InstanceRow | None
    history: History | None
    sifted: Sifted


class Orchestrations:
    """Works on orchestrations. Calls for one instance must not overlap."""

    def __init__(
        self,
        resources: Resources,
        committer: Committer,
        abandon: Callable[[list[Message]], None],
        orchestrator: Orchestrator,
    ) -> None:
        """`abandon` takes messages back that could not be worked on, for later."""
        self._reader = resources.file.reader
        self._clock = resources.clock
        self._version = resources.options.default_version
        self._faults = resources.faults
        self._numbers = resources.numbers
        self._orchestrator = orchestrator
        self._committer = committer
        self._abandon = abandon

    async def run(self, box: Mailbox) -> None:
        """Work on what an instance has received, or take it back for later."""
        messages = [*box.held, *box.take()]
        box.held = []
        if not messages:
            return
        try:
            await self._run(box, messages)
        except Aborted:
            box.put_back(messages)
        except (FunctionTimedOut, WorkerDied, sqlite3.Error):
            self._abandon(messages)

    async def _run(self, box: Mailbox, messages: list[Message]) -> None:
        row = find_row(self._reader, box.target)
        history = find_history(self._reader, box.target)
        item = WorkItem(box.target, row, history, sift(messages, row, history))
        sifted = item.sifted
        if sifted.start and is_newer(sifted.start.event["Version"], self._version):
            box.held = messages  # of a newer version of the app, which will come
            return
        if sifted.start or sifted.now:
            commit = await self._messages(item)
            later = [*sifted.later, *([sifted.control] if sifted.control else []), *sifted.rest]
        elif sifted.control:
            commit = await self._control(item, sifted.control)
            later = [*sifted.later, *sifted.rest]
        else:
            box.held, later = sifted.later, []
            if not sifted.never:
                return
            commit = Commit(Work.ORCHESTRATION, instance=_repair(item, self._clock.now()))
        commit.inputs += [message.seq for message in sifted.never]
        await self._committer.commit(commit, lambda: box.void)
        box.put_back(later)

    async def _messages(self, item: WorkItem) -> Commit:
        """Run an episode about the start and whatever can be worked on now."""
        sifted, history = item.sifted, item.history
        inputs = [*([sifted.start] if sifted.start else []), *sifted.now]
        if sifted.start is not None:
            execution = sifted.start.event["OrchestrationInstance"]["ExecutionId"]
            history = History(execution, execution)
        assert history is not None, "nothing can be worked on before the start"
        events = [message.event for message in inputs]
        if history.suspended:
            return self._commit(item, self._recorded(item, history, events), inputs)
        episode = await self._orchestrator.run(
            item.instance, history, events, replaces=sifted.start is not None
        )
        return self._commit(item, episode, inputs)

    def _recorded(self, item: WorkItem, history: History, events: list[Event]) -> Episode:
        """Note what reaches a suspended instance; it is acted upon when that is resumed."""
        now = self._clock.now()
        episode = Episode(history, [event(Kind.ORCHESTRATOR_STARTED, now), *events])
        episode.status = "Suspended"
        if item.row is not None:
            episode.output, episode.custom_status = item.row.output, item.row.custom_status
        episode.events.append(event(Kind.ORCHESTRATOR_COMPLETED, now))
        return episode

    async def _control(self, item: WorkItem, control: Message) -> Commit:
        assert item.history is not None, "a control message waits for the start"
        history, now = item.history, self._clock.now()
        if control.event["EventType"] == Kind.EXECUTION_REWOUND:
            return await self._rewind(item, history, control)
        if control.event["EventType"] == Kind.EXECUTION_RESUMED:
            episode = await self._orchestrator.run(
                item.instance, history, [control.event], replaces=False
            )
            return self._commit(item, episode, [control])
        episode = Episode(history, [event(Kind.ORCHESTRATOR_STARTED, now), control.event])
        episode.custom_status = item.row.custom_status if item.row else None
        if control.event["EventType"] == Kind.EXECUTION_TERMINATED:
            episode.status, episode.output = "Terminated", control.event["Input"]
            end(episode, now)
        elif control.event["EventType"] == Kind.EXECUTION_SUSPENDED:
            episode.status, episode.output = "Suspended", control.event["Reason"]
        episode.events.append(event(Kind.ORCHESTRATOR_COMPLETED, now))
        return self._commit(item, episode, [control])

    async def _rewind(self, item: WorkItem, history: History, control: Message) -> Commit:
        healthy, children = rewound(history)
        episode = await self._orchestrator.run(
            item.instance, healthy, [control.event], replaces=True
        )
        # All of the history is written anew, without what had failed.
        if episode.history is healthy:
            episode.events = [*healthy.events, *episode.events]
        commit = self._commit(item, episode, [control])
        commit.messages += [
            Message(self._numbers.take(), child, text(control.event)) for child in children
        ]
        return commit

    def _commit(self, item: WorkItem, episode: Episode, inputs: list[Message]) -> Commit:
        commit = Commit(Work.ORCHESTRATION, inputs=[message.seq for message in inputs])
        for decision, sender in episode.decided:
            if decision.kind == Kind.TASK_SCHEDULED:
                for _ in range(self._faults.copies_of_activity()):
                    commit.activities.append(as_activity(decision, sender, self._numbers))
            else:
                commit.messages.append(
                    as_message(decision, sender, self._numbers, self._clock.now())
                )
        start = start_of(episode)
        told = self._tell_parent(start, episode)
        if told is not None:
            commit.messages.append(told)
        commit.history = _remember(item.instance, episode)
        commit.instance = _show(item, episode, start, self._clock.now())
        return commit

    def _tell_parent(self, start: Event, episode: Episode) -> Message | None:
        parent = start["ParentInstance"]
        if parent is None or episode.status in ("Running", "Suspended"):
            return None
        now, task = self._clock.now(), parent["TaskScheduleId"]
        if episode.status == "Completed":
            told = event(
                Kind.SUB_ORCHESTRATION_COMPLETED, now, TaskScheduledId=task, Result=episode.output
            )
        else:
            told = event(
                Kind.SUB_ORCHESTRATION_FAILED,
                now,
                TaskScheduledId=task,
                Reason=episode.output,
                Details=child_details(episode.failure) if episode.failure else "",
            )
        target = parent["OrchestrationInstance"]
        return Message(
            self._numbers.take(), target["InstanceId"], text(told), execution=target["ExecutionId"]
        )


def _remember(instance: str, episode: Episode) -> list[Statement]:
    history = episode.history
    shown_events = shown([text(e) for e in episode.events], played=True)
    row = (instance, history.last_seq + 1, history.execution, history.origin, shown_events)
    if episode.replaces:
        return [(_FORGET, (instance,)), (_REMEMBER, row)]
    return [(_REMEMBER, row)]


def _show(item: WorkItem, episode: Episode, start: Event, now: int) -> list[Statement]:
    """Update the row, unless a later start of the same id has taken it over."""
    row, history = item.row, episode.history
    status, output, custom_status = episode.status, episode.output, episode.custom_status
    begins = item.sifted.start is not None
    if row is None or begins or episode.replaces:
        owner = row.execution if row is not None else history.origin
        if not begins and owner != history.origin:
            return []
        created = row.created if row is not None else now
        names = (item.instance, history.origin, start["Name"], start["Version"] or None)
        rest = (status, start["Input"], output, custom_status, created, now, owner)
        return [(_NEW_ROW, (*names, *rest))]
    return [(_SAME_ROW, (status, output, custom_status, now, item.instance, history.origin))]


def _repair(item: WorkItem, now: int) -> list[Statement]:
    """Bring the row in line with a history that had ended when the process died.

    Inputs that come again find the execution finished; nothing else would touch the row.
    """
    row, history = item.row, item.history
    if row is None or history is None or history.end is None or row.finished:
        return []
    status, output = history.end["OrchestrationStatus"], history.end["Result"]
    return [
        (_END_ROW, (history.start["Input"], status, output, now, item.instance, history.origin))
    ]
