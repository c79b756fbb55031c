"""What commands write: one line that nothing stored can break, and how far a long run has got."""

import sys
from collections.abc import Callable
from time import monotonic
from typing import Final

SECONDS_BETWEEN: Final = 0.5


def one_line(text: str) -> str:
    """What a stranger wrote, so that it cannot move the cursor of a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


class Progress:
    """A line on standard error that is written over, where that is a terminal; else nothing.

    With `total` it has an estimate of the time that is left.
    """

    def __init__(
        self, what: str, total: int | None = None, now: Callable[[], float] = monotonic
    ) -> None:
        """Count `what`: "entries", say."""
        self._what = what
        self._total = total
        self._now = now
        self._began = self._shown = now()
        self._done = 0
        self._is_shown = sys.stderr.isatty()

    def expect(self, count: int) -> None:
        """Say that so much more will come, for the estimate."""
        self._total = (self._total or 0) + count

    def add(self, count: int, at: str = "") -> None:
        """Add what was done meanwhile; `at` names where the run is."""
        self._done += count
        if self._is_shown and self._now() - self._shown >= SECONDS_BETWEEN:
            self._shown = self._now()
            print(f"\r\x1b[K{self.text(one_line(at))}", end="", file=sys.stderr, flush=True)

    def text(self, at: str = "") -> str:
        """Say how far it has got."""
        seconds = max(self._now() - self._began, 0.001)
        rate = self._done / seconds
        line = f"{self._done:,} {self._what}, {rate:,.0f}/s"
        if self._total is not None and rate:
            left = max(self._total - self._done, 0) / rate
            line += f", {self._total:,} in all, about {left:,.0f} s left"
        return f"{line}, at {at}" if at else line

    def end(self) -> None:
        """Take the line away."""
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
