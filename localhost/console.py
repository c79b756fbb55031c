"""What the host prints. Lines are gathered and written a few times a second: a write per request
would cost as much as the request.
"""

import asyncio
import logging
import sys
import time
from typing import Final, TextIO

FLUSH_SECONDS: Final = 0.05


class Console:
    """Prints lines in order, from any thread."""

    def __init__(self, out: TextIO | None = None, *, log_requests: bool = True) -> None:
        self.log_requests = log_requests
        self._out = out or sys.stdout
        self._lines: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flush_is_due = False

    def gather(self) -> None:
        """From now on write from the running event loop; until then each line goes at once."""
        self._loop = asyncio.get_running_loop()

    def line(self, text: str) -> None:
        """Print a line."""
        self._lines.append(text)
        if self._loop is None:
            self.flush()
        elif not self._flush_is_due:
            self._flush_is_due = True
            try:
                self._loop.call_soon_threadsafe(self._arm)
            except RuntimeError:  # the loop is closed: the host is ending
                self._loop = None
                self.flush()

    def _arm(self) -> None:
        if self._loop is not None:  # None: it was asked to stop gathering meanwhile
            self._loop.call_later(FLUSH_SECONDS, self.flush)

    def event(self, text: str) -> None:
        """Print a line with the time in front."""
        self.line(f"[{_now()}] {text}")

    def failure(self, text: str, detail: str) -> None:
        """Print that an invocation failed, and the detail below it."""
        self.event(f"{text}\n{detail.rstrip()}" if detail else text)

    def request(self, method: str, target: str, status: int, seconds: float) -> None:
        """Print one line for a request that was answered."""
        if self.log_requests:
            self.line(f"[{_now()}] {method} {target} {status} {seconds * 1000:.1f}ms")

    def flush(self) -> None:
        """Write what was gathered."""
        self._flush_is_due = False
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            self._out.write("\n".join(lines) + "\n")
            self._out.flush()
        except (OSError, ValueError):
            return  # nobody reads any more; the host goes on

    def stop_gathering(self) -> None:
        """Write what is left; later lines go at once."""
        self._loop = None
        self.flush()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class ConsoleHandler(logging.Handler):
    """Shows what the app and its libraries log."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record, its traceback below."""
        try:
            self._console.event(self.format(record))
        except Exception:  # noqa: BLE001 - logging's own way to report it
            self.handleError(record)


def show_logs(console: Console, level: str) -> None:
    """Send the root logger to the console, from `level` (a .NET name) on."""
    root = logging.getLogger()
    root.handlers[:] = [ConsoleHandler(console)]
    root.handlers[0].setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.setLevel(_LEVELS.get(level.lower(), logging.INFO))
    # Two lines with all headers for each call of a storage client: nobody reads them here.
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)


_LEVELS: Final = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
