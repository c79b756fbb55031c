"""JSON of the entity: its state, and the one message that it takes.

During a deployment, and after a roll-back, one release reads what another wrote, so each names
its version. A newer one is refused: guessing could order a request wrongly, and refusing costs
seconds, because the inbox has the requests and the log has the places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from entities.order import Order

VERSION: Final = 1

UNREADABLE: Final = (AttributeError, LookupError, TypeError, ValueError)
"""What decoding raises for JSON that is not what it should be."""


class UnknownVersion(ValueError):
    """A newer release wrote it, or it is none of ours."""


@dataclass(frozen=True, slots=True)
class Create:
    """The message: append `ids`, drop `done`, the log goes at least as far as `head`."""

    ids: tuple[str, ...]
    done: tuple[str, ...]
    head: int


def encode_order(order: Order) -> dict[str, Any]:
    """Put it into JSON: `{"v": 1, "head": 41, "outbox": ["1c9e", …]}`."""
    return {"v": VERSION, "head": order.head, "outbox": list(order.outbox)}


def decode_order(state: Any) -> Order:
    """Take back what `encode_order` made. Raises one of UNREADABLE for anything else.

    A deleted entity, and one that never set its state, reads as null or as empty text: the empty
    order.
    """
    if state in (None, ""):
        return Order()
    _check_version(state)
    return Order(_whole(state["head"]), _texts(state["outbox"]))


def encode_create(ids: Sequence[str], done: Sequence[str], head: int) -> dict[str, Any]:
    """Put it into JSON: `{"v": 1, "ids": ["1c9e", …], "done": […], "head": 41}`."""
    return {"v": VERSION, "ids": list(ids), "done": list(done), "head": head}


def decode_create(body: Any) -> Create:
    """Take back what `encode_create` made. Raises one of UNREADABLE for anything else."""
    _check_version(body)
    return Create(_texts(body["ids"]), _texts(body["done"]), _whole(body["head"]))


def _check_version(body: Any) -> None:
    version = body.get("v")
    if type(version) is not int or version != VERSION:
        raise UnknownVersion(f"version {version!r}; this release reads {VERSION}")


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if type(values) is not list or not all(type(each) is str for each in values):
        raise ValueError(f"{values!r} is not a list of texts")
    return tuple(values)
