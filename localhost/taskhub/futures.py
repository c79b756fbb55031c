"""Futures and coroutines that run in one fixed order, so that a replay takes the same ids again.

asyncio promises no order that could be relied on for ever; this promises: `spawn` runs a
coroutine at once up to its first wait, and what becomes ready runs first-in, first-out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Sequence


class TaskFailed(Exception):
    """The error of a task that an orchestrator waits for."""


class Future:
    """The outcome of a task, now or later. `result` is JSON, of those that have one."""

    __slots__ = ("_callbacks", "done", "error", "result")

    def __init__(self) -> None:
        """Make a future without result."""
        self.done = False
        self.error: TaskFailed | None = None
        self.result: str | None = None
        self._callbacks: list[Callable[[], None]] = []

    def __await__(self) -> Generator[Future, None, None]:
        """Wait, then raise its error if it has one."""
        if not self.done:
            yield self
        if self.error is not None:
            raise self.error

    def resolve(self, error: TaskFailed | None = None) -> None:
        """Give it its outcome. Later outcomes are ignored, as duplicate completions are."""
        if self.done:
            return
        self.done, self.error = True, error
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call back once it has an outcome."""
        if self.done:
            callback()
        else:
            self._callbacks.append(callback)


def resolved() -> Future:
    """Return a future that has its result already."""
    future = Future()
    future.resolve()
    return future


def when_all(futures: Sequence[Future]) -> Future:
    """Return a future that is done when ALL are, with the error of the first that failed."""
    out = Future()

    def check() -> None:
        if all(future.done for future in futures):
            errors = (future.error for future in futures if future.error is not None)
            out.resolve(next(errors, None))

    for future in futures:
        future.when_done(check)
    check()
    return out


def when_any(futures: Sequence[Future]) -> Future:
    """Return a future that is done, without error, as soon as one of them is."""
    out = Future()
    for future in futures:
        future.when_done(out.resolve)
    return out


class Loop:
    """Runs coroutines that wait for futures."""

    def __init__(self) -> None:
        """Make a loop in which nothing is ready."""
        self._ready: deque[Callable[[], None]] = deque()

    def spawn(self, coroutine: Coroutine[Future, None, None]) -> Future:
        """Run it up to its first wait NOW. Queueing it instead would permute the ids."""
        out = Future()

        def step() -> None:
            try:
                waits_for: Any = coroutine.send(None)
            except StopIteration:
                out.resolve()
            except TaskFailed as error:
                out.resolve(error)
            else:
                waits_for.when_done(lambda: self._ready.append(step))

        step()
        return out

    def run(self) -> None:
        """Run until everything waits."""
        while self._ready:
            self._ready.popleft()()
