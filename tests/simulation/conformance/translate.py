"""Turns the record of one project into a trace, which may be one that the model does not allow.

Where one event is several actions of the model, requests are taken one by one. Nothing is decided
here about what is right: what fits no action becomes a line that no action allows.
"""

from collections.abc import Sequence

from model.trace import Trace
from tests.simulation.conformance.chunks import Chunks
from tests.simulation.conformance.doors import Doors
from tests.simulation.conformance.operations import Operations
from tests.simulation.conformance.record import (
    Announced,
    Appended,
    Attempt,
    Attributed,
    Began,
    Chunk,
    Event,
    Found,
    HeadRead,
    Looked,
    Operated,
    Record,
    Removed,
    Sent,
    Shown,
    Stored,
    Sweeping,
    Told,
)
from tests.simulation.conformance.steps import Step, to_lines
from tests.simulation.conformance.story import UNEXPLAINED, Story
from tests.simulation.conformance.sweeps import Sweeps


def traces_of(record: Record, name: str) -> list[Trace]:
    """Return one trace for each project."""
    return [
        Trace(f"{name}, project {project_id}", record.room, to_lines(translate(events)))
        for project_id, events in record.events.items()
    ]


def translate(events: Sequence[tuple[float, Event]]) -> list[Step]:
    story = Story()
    translation = _Translation(story)
    for story.at, event in events:
        translation.take(event)
    return story.steps


class _Translation:
    """Hands each event to who knows about those who cause it."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._doors = Doors(story)
        self._chunks = Chunks(story)
        self._sweeps = Sweeps(story)
        self._operations = Operations(story)

    def take(self, event: Event) -> None:
        match event:
            case Operated():
                self._operations.operated(event)
            case Announced():
                self._story.write("Show", request=event.request_id, id=event.todo_id)
            case _:
                self._take_by_actor(event)

    def _take_by_actor(self, event: Attributed) -> None:
        match event.actor:
            case Attempt() as attempt:
                self._of_attempt(attempt, event)
            case Chunk() as chunk:
                self._of_chunk(chunk, event)
            case Sweeping():
                self._of_sweeper(event)
            case None:
                self._of_nobody(event)

    def _of_attempt(self, attempt: Attempt, event: Attributed) -> None:
        match event:
            case Stored():
                self._doors.stored(attempt, event)
            case Shown():
                self._doors.shown(attempt, event)
            case Looked():
                self._doors.looked(attempt, event)
            case Removed():
                self._doors.removed(attempt, event)
            case _:
                self._unexplained(event)

    def _of_chunk(self, chunk: Chunk, event: Attributed) -> None:
        match event:
            case Began() | HeadRead() | Sent() | Found():
                self._chunks.went_on(chunk, event)
            case Appended():
                self._chunks.appended(chunk, event)
            case Removed():
                self._chunks.removed(chunk, event)
            case Told():
                self._chunks.told(chunk, event)
            case Looked():
                pass  # what it has seen, its answer tells: `Found`
            case _:
                self._unexplained(event)

    def _of_sweeper(self, event: Attributed) -> None:
        match event:
            case Looked():
                self._sweeps.looked(event)
            case Removed():
                self._sweeps.removed(event)
            case Told():
                self._sweeps.told(event)
            case _:
                self._unexplained(event)

    def _of_nobody(self, event: Attributed) -> None:
        match event:
            case Looked():
                pass  # somebody reads
            case Shown():
                self._sweeps.shown(event)
            case _:
                self._unexplained(event)

    def _unexplained(self, event: Attributed) -> None:
        self._story.write(UNEXPLAINED, event=type(event).__name__)
