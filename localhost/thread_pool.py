"""The threads that run plain `def` functions, and a cheap way to them and back.

Calls go to one thread as long as it keeps up: a thread that is awake anyway takes the next call
for nothing, while waking another one costs two context switches and a fight for the GIL. Only
when no call has begun for `STALL_SECONDS` - a function sleeps, or waits for a network - do further
threads wake, as many as there are calls waiting. Results that come before the loop has looked
share one wake-up of the loop.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

STALL_SECONDS: Final = 0.002
"""How long a function may keep others waiting before it gets company."""

_Job = tuple[Callable[[], Any], asyncio.Future[Any]]


class ThreadPool:
    """Runs calls on at most `size` daemon threads; belongs to the running event loop."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[_Job] = deque()
        self._begun = 0
        """Calls that a thread has taken, ever."""
        self._awake = 0
        self._lock = threading.Lock()
        """Guards `_jobs` against `_awake`: no call is left behind when a thread goes to sleep."""
        self._wake_up = threading.Semaphore(0)
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._delivery_is_due = False
        self._look_is_due = False
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def submit(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """Queue a call; the future gets its result or exception. Call it on the loop's thread.

        A SystemExit or other BaseException of the call arrives as it is. Cancelling the future
        does not stop a call that runs.
        """
        future: asyncio.Future[Any] = self._loop.create_future()
        with self._lock:
            self._jobs.append((call, future))
            nobody = self._awake == 0
        if nobody:
            self._wake(1)
        elif not self._look_is_due:
            self._look_is_due = True
            self._loop.call_later(STALL_SECONDS, self._look, self._begun)
        return future

    def _look(self, begun: int) -> None:
        """Wake further threads when no call has begun since the last look."""
        waiting = len(self._jobs)
        self._look_is_due = waiting > 0
        if not waiting:
            return
        if self._begun == begun:
            self._wake(min(waiting, self.size - self._awake))
        self._loop.call_later(STALL_SECONDS, self._look, self._begun)

    def _wake(self, count: int) -> None:
        for _ in range(count):
            with self._lock:
                self._awake += 1
                missing = self._awake > len(self._threads)
            if missing:
                self._start_thread()
            self._wake_up.release()

    def _start_thread(self) -> None:
        # Daemon: a function that never returns must not keep the process from ending.
        name = f"function-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            self._wake_up.acquire()
            if self._stopping:
                return
            while (job := self._next()) is not None:
                self._run(*job)
                del job  # or a request's data would stay until the next one comes

    def _next(self) -> _Job | None:
        with self._lock:
            if not self._jobs:
                self._awake -= 1
                return None
            self._begun += 1
            return self._jobs.popleft()

    def _run(self, call: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            self._finish(future, None, None)
            return
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - goes to whoever awaits the call
            self._finish(future, None, error)
        else:
            self._finish(future, result, None)

    def _finish(
        self, future: asyncio.Future[Any], result: Any, error: BaseException | None
    ) -> None:
        # First the deque, then the flag; the loop resets the flag before it empties the deque.
        # So a result is either seen by the delivery that is due or causes the next one.
        self._done.append((future, result, error))
        if not self._delivery_is_due:
            self._delivery_is_due = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return

    def _deliver(self) -> None:
        self._delivery_is_due = False
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():  # its caller gave up
                continue
            if error is None:
                future.set_result(result)
            elif isinstance(error, StopIteration):  # a future does not take it
                future.set_exception(RuntimeError("the function raised StopIteration"))
            else:
                future.set_exception(error)

    def stop(self) -> None:
        """Let idle threads end; one that is inside a call ends after it, or with the process."""
        self._stopping = True
        for _ in self._threads:
            self._wake_up.release()
