"""What a TODO is, and how the next one follows from the last.

Pure: no I/O, no clock, no randomness. The engine may run :func:`create` as often as it likes, anywhere.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from domain import line

TITLE_LENGTH_MAX: Final = 500
"""Characters, after trimming."""

Title = Annotated[str, line(TITLE_LENGTH_MAX)]


@dataclass(frozen=True, slots=True)
class TodoRequest:
    """What is asked for."""

    title: Title


@dataclass(frozen=True, slots=True)
class Todo:
    """A TODO, numbered within its project."""

    id: int
    title: Title


def create(request: TodoRequest, last: int) -> tuple[Todo, int]:
    """Make the TODO that follows number `last`; its number is the state that follows."""
    return Todo(last + 1, request.title), last + 1
