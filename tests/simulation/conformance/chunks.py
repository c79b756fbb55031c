"""The activity, chunk by chunk: from ReadState to ClearUp."""

from dataclasses import dataclass, field

from model.trace import Value
from tests.simulation.conformance.reads import last_read
from tests.simulation.conformance.record import (
    Appended,
    Began,
    Chunk,
    Found,
    HeadRead,
    Removed,
    Sent,
    Told,
)
from tests.simulation.conformance.steps import Copy, entries_value
from tests.simulation.conformance.story import Story

NOTHING = frozenset[str]()


@dataclass(slots=True)
class _Run:
    """What is known of one chunk."""

    copy: Copy = field(default_factory=Copy)
    late: list[Copy] = field(default_factory=list)
    """The copy whose transaction it is, if that takes place after this one has looked.

    It has read the same and does nothing else: the model has no calls that are on their way.
    """
    is_sent: bool = False
    is_answered: bool = False
    found: set[str] = field(default_factory=set)
    """What there is to clear up."""


class Chunks:
    """A copy of the activity for each chunk."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._runs: dict[Chunk, _Run] = {}

    def went_on(self, chunk: Chunk, event: Began | HeadRead | Sent | Found) -> None:
        match event:
            case Began():
                self._begin(chunk)
            case HeadRead():
                self._write_all(chunk, "ReadHead", last=event.last)
            case Sent():
                self._runs[chunk].is_sent = True
            case Found():
                self._find(chunk, event.request_ids)

    def _begin(self, chunk: Chunk) -> None:
        story = self._story
        self._runs[chunk] = _Run(late=[Copy()] if chunk.is_late else [])
        read = last_read(story.states, chunk.entries, story.logged)
        if read is not None and read.step.entity != story.entity:
            story.remember(read.step)
        known = read.known if read else NOTHING
        entries = entries_value(chunk.entries)
        self._write_all(chunk, "ReadState", dirty=read is None, known=known, chunk=entries)

    def _write_all(self, of: Chunk, action: str, **fields: Value) -> None:
        run = self._runs[of]
        for copy in (run.copy, *run.late):
            self._story.write(action, copy, **fields)

    def appended(self, chunk: Chunk, event: Appended) -> None:
        self._story.log = event.log
        run = self._runs[chunk]
        copy = run.late[0] if run.late else run.copy
        action = "AppendConfirmed" if chunk.is_confirmed else "AppendNotConfirmed"
        self._story.write(action, copy, log=event.log)
        if chunk.is_confirmed:
            run.found |= {each.request.request_id for each in chunk.entries}
        run.is_answered = run.is_answered or not run.late

    def _find(self, chunk: Chunk, request_ids: frozenset[str]) -> None:
        run = self._runs[chunk]
        run.found |= request_ids
        if not run.is_sent:
            self._write_all(chunk, "FindDoubtful", part=request_ids)
            return
        if not run.is_answered:  # and if it takes place at all, then later
            run.is_answered = True
            self._story.write("AppendNotConfirmed", run.copy, log=self._story.log)
        step = self._story.write("LookAgain", run.copy, part=request_ids)
        step.is_end = not run.found

    def told(self, chunk: Chunk, event: Told) -> None:
        found = frozenset(event.request_ids)
        copy = self._runs[chunk].copy
        self._story.write("ClearUp", copy, tells=True, found=found, part=NOTHING)
        self._story.settle(found)

    def removed(self, chunk: Chunk, event: Removed) -> None:
        run, gone = self._runs[chunk], frozenset(event.request_ids)
        step = self._story.write("ClearUp", run.copy, tells=False, part=gone, inbox=event.inbox)
        run.found -= gone
        step.is_end = not run.found
