"""The lines of a trace while it is being written: who takes a step has no number yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from entities.project import Numbered, Project
from model.trace import Line, Value


@dataclass(eq=False, slots=True)
class Door:
    """Of one request in one attempt of intake."""


@dataclass(eq=False, slots=True)
class Copy:
    """Of the activity, for one chunk."""


Party = Door | Copy

CRASHES: Final[Mapping[type, str]] = {Door: "CrashIntake", Copy: "CrashEmit"}
NAMES: Final[Mapping[type, str]] = {Door: "door", Copy: "copy"}


@dataclass(eq=False, slots=True)
class Step:
    """A line that is not finished."""

    at: float
    action: str
    fields: dict[str, Value] = field(default_factory=dict)
    party: Party | None = None
    is_end: bool = False
    """In the model the party has nothing left to do."""
    entity: Project | None = None
    """What it has come to, for `Remember` to point at."""
    source: "Step | None" = None
    """Where the entity had the state that it is about."""


def to_lines(steps: list[Step]) -> list[Line]:
    """Give everybody a number; let everybody die who does nothing more and was not at its end."""
    last = {id(step.party): step for step in steps if step.party}
    mortal = _with_deaths(steps, last)
    numbers = _numbers(mortal, last)
    places = {id(step): place for place, step in enumerate(mortal, 1)}
    return [_to_line(step, numbers, places) for step in mortal]


def _with_deaths(steps: list[Step], last: dict[int, Step]) -> list[Step]:
    mortal: list[Step] = []
    for step in steps:
        mortal.append(step)
        if step.party and step is last[id(step.party)] and not step.is_end:
            death = Step(step.at, CRASHES[type(step.party)], party=step.party)
            last[id(step.party)] = death
            mortal.append(death)
    return mortal


def _numbers(steps: list[Step], last: dict[int, Step]) -> dict[int, int]:
    """Number the parties; a number is free again after the last step of who had it."""
    numbers: dict[int, int] = {}
    busy: dict[type, set[int]] = {Door: set(), Copy: set()}
    for step in steps:
        if (party := step.party) is None:
            continue
        taken = busy[type(party)]
        if id(party) not in numbers:
            numbers[id(party)] = next(n for n in range(1, len(taken) + 2) if n not in taken)
            taken.add(numbers[id(party)])
        if step is last[id(party)]:
            taken.remove(numbers[id(party)])
    return numbers


def _to_line(step: Step, numbers: dict[int, int], places: dict[int, int]) -> Line:
    fields: dict[str, Value] = {}
    if step.party is not None:
        fields[NAMES[type(step.party)]] = numbers[id(step.party)]
    if step.action == "Remember":
        fields["from"] = places[id(step.source)] if step.source else 0
    fields |= step.fields
    if step.entity is not None:
        fields["entity"] = entity_value(step.entity)
    return Line(step.at, step.action, fields)


def entity_value(project: Project) -> Value:
    return {"head": project.head, "outbox": entries_value(project.outbox)}


def entries_value(entries: Sequence[Numbered]) -> Value:
    return [
        {"id": each.id, "request": each.request.request_id, "title": each.request.title}
        for each in entries
    ]
