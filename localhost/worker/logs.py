"""What the app logs goes to the host, with the invocation that logged it (host-protocol 13.3)."""

import asyncio
import logging
import threading
from collections import deque
from contextvars import ContextVar
from typing import Any, Final

from azure_functions_runtime import invocation_id_cv
from azure_functions_runtime.bindings.context import _invocation_id_local

from localhost.rpc.messages import RpcLog
from localhost.rpc.stream import Stream

_INVOCATION: ContextVar[Any] = invocation_id_cv
QUIET: Final = (
    "azure.functions",  # the worker library: a line per invocation, which the host has anyway
    "azure.core.pipeline.policies.http_logging_policy",  # all headers of each storage call
)


class HostHandler(logging.Handler):
    """Sends records to the host, from any thread, in order."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._lines: deque[tuple[bytes, str]] = deque()

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record with what is sent next, as the real worker's threads do."""
        try:
            invocation = invocation_of_caller()
            line = RpcLog(record.levelno, record.name, self.format(record), invocation)
            self._lines.append((self._stream.encoded(line), invocation))
            if threading.get_ident() == self._thread:
                self.send()
            else:
                self._loop.call_soon_threadsafe(self.send)
        except Exception:  # noqa: BLE001 - logging's own way to report it
            self.handleError(record)

    def send(self) -> None:
        """Send what threads have logged; on the thread of the loop."""
        while self._lines:
            self._stream.write(*self._lines.popleft())


def invocation_of_caller() -> str:
    """Return the invocation that logs: of the current task, or of the function on this thread.

    As in the Python worker, a thread that the app started belongs to no invocation, and a task
    belongs to the one that created it even when that has ended.
    """
    if asyncio._get_running_loop() is not None and asyncio.current_task() is not None:  # noqa: SLF001
        return _INVOCATION.get() or ""
    return getattr(_invocation_id_local, "invocation_id", None) or ""


def send_logs(handler: HostHandler) -> None:
    """Make the handler that of the root logger."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
