"""What a process sees and decides, in its own order: a file of lines that survives a kill -9.

Each line has a number and says how much of the store's file the process had seen by then: that
places it among the effects (`ordered`). A line is written after what it tells of, but that of a
signal before: what was sent and not written down would be an effect without a cause.
"""

import json
import os
import time
from collections.abc import Mapping
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, Final

from tests.recording.app import BY

SUFFIX: Final = ".journal"

EXECUTED: Final = "entity.executed"
"""Lines of the entity function, which runs in threads of its own: they have no place in the order
of what the process knows."""


class Journal:
    """Of one process."""

    def __init__(self, folder: Path, by: ContextVar[str] = BY) -> None:
        """Write into `folder`; `by` names who within the process acts."""
        self.process: Final = f"{time.time_ns()}-{os.getpid()}"
        self._file = (folder / f"{self.process}{SUFFIX}").open("ab", buffering=0)
        self._by = by
        self._lock = Lock()
        self._calls = count(1)
        self._marks = count(1)
        self.number = 0
        """Of the last line."""
        self.seen = 0
        """How many effects on the store's file are known here."""

    @property
    def by(self) -> str:
        """Who acts now."""
        return self._by.get()

    def next_call(self) -> int:
        """Return a number for something that has effects of its own."""
        return next(self._calls)

    def next_mark(self) -> str:
        """Return a name that nobody else gives."""
        return f"{self.process}-{next(self._marks)}"

    def note(self, key: str, kind: str, **fields: Any) -> None:
        """Write a line about what the process decides, or has seen since the line `after`."""
        self.number += 1
        self._write({"n": self.number, "seen": self.seen, "key": key, "kind": kind, **fields})

    def read(self, key: str, kind: str, position: int, **fields: Any) -> None:
        """Write a line about what was seen in the store's file after exactly so many effects."""
        self.seen = max(self.seen, position)
        self.note(key, kind, position=position, **fields)

    def heard(self, call: int, position: int) -> None:
        """Write that a call has been answered, whose last effect was that one."""
        self.seen = max(self.seen, position)
        self.note("", "heard", call=call)

    def executed(self, key: str, **fields: Any) -> None:
        """Write what an operation made of the state of an entity; from any thread."""
        self._write({"key": key, "kind": EXECUTED, **fields})

    def _write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps({"at": time.time() * 1_000, **line})
        with self._lock:
            self._file.write(f"{text}\n".encode())


def lines_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the journals in a folder, by process; a last line that was cut off is none."""
    files = sorted(folder.glob(f"*{SUFFIX}"))
    return {each.stem: _whole_lines(each.read_text()) for each in files}


def _whole_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
