"""What the host prints. Lines are gathered and written a few times a second: a write per request
would cost as much as the request. They are written by a thread, because their reader may be
slow, or stop reading.
"""

import logging
import sys
import threading
import time
from collections import deque
from functools import lru_cache
from typing import Final, TextIO

FLUSH_SECONDS: Final = 0.05
LINES_MAX: Final = 10_000
"""Waiting to be written; more are counted and dropped."""
STOP_SECONDS_MAX: Final = 1.0
"""What the last lines have to be written."""


class Console:
    """Prints lines in order, from any thread."""

    def __init__(self, out: TextIO | None = None, *, log_requests: bool = True) -> None:
        self.log_requests = log_requests
        self.level = logging.INFO
        """Of log lines, as in Python's logging; less is not shown."""
        self._out = out or sys.stdout
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._due = threading.Event()
        self._stopped = threading.Event()

    def gather(self) -> None:
        """From now on have a thread write; until then each line goes at once."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._write_all, name="console", daemon=True)
        self._thread.start()

    def line(self, text: str) -> None:
        """Print a line."""
        if len(self._lines) >= LINES_MAX:
            self._dropped += 1
            return
        self._lines.append(text)
        if self._thread is None:
            self._flush()
        elif not self._due.is_set():
            self._due.set()

    def event(self, text: str) -> None:
        """Print a line with the time in front."""
        self.line(f"[{_now()}] {text}")

    def failure(self, text: str, detail: str) -> None:
        """Print that an invocation failed, and the detail below it."""
        self.event(f"{text}\n{detail.rstrip()}" if detail else text)

    def log(self, level: int, category: str, text: str) -> None:
        """Print a log line, unless its level is too low."""
        if level >= self.level:
            self.event(f"{logging.getLevelName(level)} {category}: {text}")

    def request(self, method: str, target: str, status: int, seconds: float) -> None:
        """Print one line for a request that was answered."""
        if self.log_requests:
            self.line(f"[{_now()}] {method} {target} {status} {seconds * 1000:.1f}ms")

    def _write_all(self) -> None:
        while not self._stopped.is_set():
            self._due.wait()
            self._stopped.wait(FLUSH_SECONDS)
            self._due.clear()
            self._flush()

    def _flush(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if self._dropped:
            lines.append(f"[{_now()}] {self._dropped} lines were dropped: nobody read them")
            self._dropped = 0
        if not lines:
            return
        try:
            self._out.write("\n".join(lines) + "\n")
            self._out.flush()
        except (OSError, ValueError):
            return  # nobody reads any more; the host goes on

    def stop_gathering(self) -> None:
        """Write what is left; later lines go at once."""
        if self._thread is None:
            return
        self._stopped.set()
        self._due.set()
        self._thread.join(STOP_SECONDS_MAX)
        if not self._thread.is_alive():
            self._thread = None
            self._flush()


def _now() -> str:
    return _time_text(int(time.time()))


@lru_cache(maxsize=1)  # one text per second, for all lines
def _time_text(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


class ConsoleHandler(logging.Handler):
    """Shows what the host's own libraries log."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record, its traceback below."""
        try:
            self._console.log(record.levelno, record.name, self.format(record))
        except Exception:  # noqa: BLE001 - logging's own way to report it
            self.handleError(record)


def show_logs(console: Console, level: str) -> None:
    """Show what the app and the host log, from `level` (a .NET name) on."""
    console.level = _LEVELS.get(level.lower(), logging.INFO)
    root = logging.getLogger()
    root.handlers[:] = [ConsoleHandler(console)]
    root.setLevel(console.level)


_LEVELS: Final = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
