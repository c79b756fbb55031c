"""TODOs: what is asked for, what it becomes, and the declaration."""

from todos.declaration import TODOS
from todos.model import Todo, TodoRequest, create

__all__ = ["TODOS", "Todo", "TodoRequest", "create"]
