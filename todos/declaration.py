"""The declaration of TODOs: everything that the service has to be told."""

from typing import Annotated, Final

from domain import Domain, Key, Meta
from todos.model import Todo, TodoRequest, create

TODOS: Final = Domain(
    name="todo",
    key=Key("projectId", Annotated[int, Meta(ge=1, le=2_147_483_647)]),
    empty=0,
    versions={1: create},
    examples=[
        (TodoRequest("Buy milk"), Todo(1, "Buy milk")),
        (TodoRequest("Pay the rent"), Todo(2, "Pay the rent")),
        (TodoRequest("Buy milk"), Todo(3, "Buy milk")),
    ],
)
