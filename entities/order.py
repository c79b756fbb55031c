"""The order of the requests of one key, as its entity keeps it: pure transitions.

The entity may be wrong: the platform runs an operation again after a crash, perhaps in another
order, and may lose or roll back the state. So nobody acts on what an operation answers, and an id
is true only once the log has it (`activities.append`). It keeps ids only: no content, and nothing
of what is finished, or a signal that comes late would be taken for one that was answered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

OUTBOX_CHARACTERS_MAX: Final = 20_000
"""All ids as they are stored: a JSON array within JSON text. The platform moves a state beyond
about 30,000 characters to a blob, which would make every operation slower."""

ID_CHARACTERS: Final = len(r"\"\", ")
"""What an id takes up besides itself."""


@dataclass(frozen=True, slots=True)
class Order:
    """How far the log is known to go, and what was asked for and not seen there yet, in order.

    The entry at index i of `outbox` is assigned the place `head + i + 1`.
    """

    head: int = 0
    outbox: tuple[str, ...] = ()

    @property
    def characters(self) -> int:
        """What the outbox takes up of `OUTBOX_CHARACTERS_MAX`."""
        return sum(map(characters, self.outbox))


def create(order: Order, ids: Iterable[str], done: Iterable[str], head: int) -> Order:
    """Drop what is done, raise the head, append the ids that are not listed yet and fit.

    What does not fit is left out: whoever asked sees that it is not listed and asks again.
    """
    finished = frozenset(done)
    outbox = [each for each in order.outbox if each not in finished]
    listed = set(outbox)
    room = OUTBOX_CHARACTERS_MAX - sum(map(characters, outbox))
    for each in ids:
        size = characters(each)
        if each not in listed and size <= room:
            listed.add(each)
            outbox.append(each)
            room -= size
    return Order(max(order.head, head), tuple(outbox))


def characters(request_id: str) -> int:
    """What an id takes up of `OUTBOX_CHARACTERS_MAX`; a quotation mark is escaped twice."""
    escaped = request_id.count('"') * 3  # `\` is not in the grammar of request ids
    return len(request_id) + escaped + ID_CHARACTERS
