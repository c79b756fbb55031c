"""What a task does to the world outside it, and how that can fail."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")

FORGOTTEN: list[str] = []
"""What was made and thrown away without `await`."""


class Failure(Exception):
    """An effect has failed. A process that does not handle it dies and is started again."""

    trying_again_helps = True


class NoAnswer(Failure):
    """No answer came in time: it was done, or it was not, or it will still be done."""


class Conflict(Failure):
    """A row is there already, is missing, or has changed since it was read; nothing was written."""


class Effect(Generic[T]):
    """One indivisible step. `await` it: other tasks, crashes and losses come before or after.

    `ways` returns how it can happen now, the usual way first; none while it has to wait. `faults`
    returns how else it can happen when something goes wrong.
    """

    __slots__ = (
        "awaited",
        "faults",
        "reads",
        "remote",
        "target",
        "tell",
        "text",
        "unanswered",
        "ways",
    )

    def __init__(  # noqa: PLR0913 - built by what tasks act on
        self,
        target: str,
        text: str,
        ways: Callable[[], Sequence[Callable[[], T]]],
        *,
        tell: Callable[[T], str] | None = None,
        faults: Callable[[], Sequence[Callable[[], T]]] | None = None,
        reads: bool = False,
        remote: bool = True,
        unanswered: str = "it happens, the answer gets lost",
    ) -> None:
        """`tell` says the result in the history; what only `reads` leaves its target as it
        is; what is not `remote` cannot get lost; `unanswered` says in the history what a loss of the
        answer means.
        """
        self.target = target
        self.text = text
        self.ways = ways
        self.tell = tell
        self.faults = faults
        self.reads = reads
        self.remote = remote
        self.unanswered = unanswered
        self.awaited = False

    def __del__(self) -> None:
        """Nothing happens without `await`: note what was made in vain."""
        if not self.awaited:
            FORGOTTEN.append(self.text)

    def __await__(self) -> Generator["Effect[Any]", Any, T]:
        """Wait until the scheduler has chosen this effect, and return its result."""
        self.awaited = True
        result: T = yield self
        return result


def once(act: Callable[[], T]) -> Callable[[], Sequence[Callable[[], T]]]:
    """The ways of an effect that is always possible, and in one way only."""
    ways = (act,)
    return lambda: ways
