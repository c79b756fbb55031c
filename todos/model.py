"""What a TODO is, and how the next one follows from the last.

Standard library only, no I/O, no clock, no chance: the whole protocol may run :func:`create`
as often as it likes, anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

EMPTY: Final = 0
"""The state of a project that has no TODO: the last id given out."""

ID_MAX: Final = 2_147_483_647
"""The last id a project can give out (signed 32 bit)."""


@dataclass(frozen=True, slots=True)
class TodoRequest:
    """A request that was checked: its fields hold what `todos.wire` promises.

    The scope of `request_id` is the project; (`project_id`, `request_id`) names a request for ever.
    """

    project_id: int
    request_id: str
    title: str

    def payload(self) -> dict[str, str]:
        """What has to be kept of the request besides its name, as flat JSON."""
        return {"title": self.title}

    @classmethod
    def of(cls, project_id: int, request_id: str, payload: Mapping[str, str]) -> Self:
        """Take a request back out of where :meth:`payload` put it."""
        return cls(project_id, request_id, payload["title"])


@dataclass(frozen=True, slots=True)
class Todo:
    """A TODO with its place in the log of its project. Once written it never changes."""

    project_id: int
    id: int
    title: str

    def payload(self) -> dict[str, str]:
        """What has to be kept of the TODO besides its project and id, as flat JSON."""
        return {"title": self.title}

    @classmethod
    def of(cls, project_id: int, id_: int, payload: Mapping[str, str]) -> Self:
        """Take a TODO back out of where :meth:`payload` put it."""
        return cls(project_id, id_, payload["title"])


def create(request: TodoRequest, last: int) -> tuple[Todo, int]:
    """Make the TODO that follows `last` in its project, and the state that follows it."""
    assert EMPTY <= last < ID_MAX, f"no id after {last}"
    next_id = last + 1
    return Todo(request.project_id, next_id, request.title), next_id


def last_id(state: int) -> int:
    """The id of the last TODO of a project in `state`; 0 when it has none."""
    return state


def is_answer(todo: Todo, request: TodoRequest) -> bool:
    """Whether `todo` is what `request` asked for, given that both bear one request id."""
    return todo.title == request.title
