"""What commands write: lines that nothing stored can break, and how far a long run has got."""

import math
import sys
from threading import Event, Thread
from typing import Final, Self, TextIO

from tqdm import tqdm

REFRESH_SECONDS: Final = 0.5
LINE_SECONDS: Final = 10.0
"""Between two lines, where standard error is no terminal."""


def one_line(text: str) -> str:
    """What a stranger wrote, so that it cannot move the cursor of a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def say(text: str = "") -> None:
    """Print a line to standard output at once, above the progress if there is one."""
    tqdm.write(text)
    sys.stdout.flush()


class Progress:
    """How far a run is, on standard error: a bar on a terminal, else a line every 10 seconds.

    Both go on while nothing is added, so that a long step does not look like a hang.
    """

    def __init__(self, what: str, total: int | None = None) -> None:
        """Count `what`: "entries", say. With `total` it estimates the time that is left."""
        is_terminal = sys.stderr.isatty()
        self._seconds = REFRESH_SECONDS if is_terminal else LINE_SECONDS
        self._bar = tqdm(
            total=total,
            unit=f" {what}",
            bar_format=None if total is None else _format(what, bar=is_terminal),
            file=sys.stderr if is_terminal else _Lines(sys.stderr),
            dynamic_ncols=is_terminal,
            leave=False,
            delay=math.inf,  # shown by the thread below and by nothing else
        )
        self._ended = Event()
        Thread(target=self._show, name="progress", daemon=True).start()

    def __enter__(self) -> Self:
        """Show it until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self.end()

    def expect(self, count: int) -> None:
        """Say that so much more will come, for the estimate."""
        self._bar.total = (self._bar.total or 0) + count

    def add(self, count: int, at: str = "") -> None:
        """Add what was done meanwhile; `at` names where the run is."""
        self._bar.n += count
        self.at(at)

    def at(self, where: str) -> None:
        """Name where the run is."""
        self._bar.set_postfix_str(one_line(where), refresh=False)

    def end(self) -> None:
        """Take it away."""
        self._ended.set()
        self._bar.clear()
        self._bar.close()

    def __str__(self) -> str:
        """What is shown."""
        return str(self._bar)

    def _show(self) -> None:
        while not self._ended.wait(self._seconds):
            self._bar.refresh()


def _format(what: str, *, bar: bool) -> str:
    shape = "{percentage:3.0f}% {bar} " if bar else ""
    return f"{shape}{{n_fmt}} of {{total_fmt}} {what}, {{elapsed}} so far, {{remaining}} left{{postfix}}"


class _Lines:
    """A stream that gets a line of its own for every refresh of a bar."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        line = text.strip("\r\n ")
        return self._stream.write(f"{line}\n") if line else 0

    def flush(self) -> None:
        self._stream.flush()
