"""The domain: what a request is, what a TODO is, and the function from one to the other.

Everything else in this repository is plumbing around :func:`create`. To process something
else effectively once, replace this package and keep the names it exports.
"""

from todos.model import (
    EMPTY,
    ID_MAX,
    Todo,
    TodoRequest,
    create,
    is_answer,
    last_id,
)

__all__ = [
    "EMPTY",
    "ID_MAX",
    "Todo",
    "TodoRequest",
    "create",
    "is_answer",
    "last_id",
]
