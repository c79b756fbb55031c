"""What the task hub needs from the runner of the user's functions."""

from collections.abc import Sequence
from typing import Protocol


class FunctionFailed(Exception):
    """The user's function raised: the text is `{Type}: {str}` exactly as a worker reports it.

    For an orchestrator it ends with `$OutOfProcData$:` and the reply as JSON.
    """

    def __init__(self, message: str = "", stack_trace: str = "") -> None:
        super().__init__(message)
        self.stack_trace = stack_trace


class FunctionTimedOut(FunctionFailed):
    """The function ran over `functionTimeout`: it was cancelled, or its worker was killed."""


class WorkerDied(Exception):
    """The language worker exited while it ran the function; the text names the exit code.

    Not the same as a crash of the host: nothing is run again by itself except an entity batch.
    """


class Worker(Protocol):
    """Runs functions by name, case-insensitively. Every call may be one of many at a time.

    A call raises FunctionFailed, WorkerDied, or asyncio.CancelledError when the host stops.
    """

    def has_orchestrator(self, name: str) -> bool:
        """Return whether the app has an orchestrator of this name."""
        ...

    def has_entity(self, name: str) -> bool:
        """Return whether the app has an entity of this name."""
        ...

    def has_activity(self, name: str) -> bool:
        """Return whether the app has an activity of this name."""
        ...

    def names(self, kind: str) -> Sequence[str]:
        """Return the names of all functions of a kind: `activity`, `orchestrator`, `entity`."""
        ...

    async def run_orchestrator(self, name: str, payload: str) -> str:
        """Pass the JSON of one episode, return the JSON of the actions."""
        ...

    async def run_entity(self, name: str, payload: str) -> str:
        """Pass the JSON of one batch of operations, return the JSON of results and state."""
        ...

    async def run_activity(self, name: str, input_json: str) -> str | None:
        """Pass the input as JSON, return the result as JSON, or None when there is none."""
        ...
