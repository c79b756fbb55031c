"""One SQLite file whose writers share transactions, and so share fsyncs (group commit).

Statements run on the event loop's thread, where they take microseconds. COMMIT waits for the disk:
on a thread of its own, unless the disk is faster than the way to a thread and back. Whoever comes
while a commit is under way is in the next one. A lone writer does not wait for company. Other
processes may write to the file: one transaction at a time, and the event loop goes on while it
waits for theirs to end.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Any, Final, TypeVar

BUSY_TIMEOUT_SECONDS: Final = 5.0
"""How long to wait for another process that is writing to the file: a second host, a tool."""

BUSY_PAUSE_SECONDS: Final = 0.001
"""Between two attempts to begin a transaction. SQLite itself would wait on the event loop's thread,
and in pauses of up to 100 ms, in which a busy neighbour begins its next transaction every time."""

LOG_PAGES: Final = 2_000
"""Pages of the write-ahead log between two checkpoints."""

LOG_BYTES: Final = (LOG_PAGES + 200) * (4_096 + 24)
"""Size that the log has from the start, and to which SQLite cuts it back after a reader or a large
group has made it longer (`journal_size_limit`)."""

SHORT_SECONDS: Final = 0.001
"""A commit that will take no longer, as the last ones tell, is made on the event loop's own thread.
To wake a thread and to be woken by it is 0.2 ms (two cores), an fsync of a local disk the same."""

FORGOTTEN: Final = 0.9
"""Of a long commit, what the next one still expects: after 10 ms the next twenty use the thread."""

PRIMARY_CODE: Final = 0xFF
"""The part of an extended result code that says what it is a kind of (sqlite.org/rescode.html)."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
Write = tuple[Work[Any], asyncio.Future[Any]]
Outcome = tuple[asyncio.Future[Any], Any, Exception | None]
Run = Callable[[list[Write]], list[Outcome]]


class _Again(Exception):
    """All was rolled back, because a work raised: run them with savepoints."""


class FileLost(sqlite3.OperationalError):
    """The name leads to no file, to another one or to an empty one: what is written is lost."""


class SqliteFile:
    """A file in WAL mode with `synchronous=FULL`: what `write` has returned survives power loss.

    `commits` counts real transactions. Belongs to the event loop that first writes.
    """

    def __init__(self, path: Path) -> None:
        """Open or create `path`; its folder must exist. Raises sqlite3.Error when it cannot."""
        self.path = path
        self.commits = 0
        self.writer = _connect(path)
        self.writer.execute("PRAGMA busy_timeout = 0")
        self.reader = _connect(path)
        self._inode = _inode(path)
        _grow_log(path)
        self._waiting: list[Write] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self.expected_seconds = SHORT_SECONDS
        """How long the next commit will take, as the slowest of late tells."""
        # Not an executor: its futures and its wake-ups cost as much as ten statements.
        self._commits: SimpleQueue[tuple[asyncio.AbstractEventLoop, list[Outcome]] | None]
        self._commits = SimpleQueue()
        self._committer = Thread(target=self._commit_all, name=f"commit-{path.stem}", daemon=True)
        self._committer.start()

    def check_name(self) -> None:
        """Raise FileLost when the name no longer leads to the file that is open."""
        try:
            there = self.path.stat()
        except OSError as error:
            raise FileLost("the file was removed while it was open") from error
        if (there.st_dev, there.st_ino) != self._inode:
            raise FileLost("the file was replaced while it was open")
        if not there.st_size:
            raise FileLost("the file was emptied while it was open")

    async def write(self, work: Work[T]) -> T:
        """Run `work` as a transaction of its own and return its result once it is on disk.

        `work` runs on the event loop's thread, must not await, and may share one real transaction
        with others. It does nothing but statements, for it runs once more when one of those fails.
        When it raises itself, its own changes are rolled back and the exception is the caller's.
        Raises sqlite3.Error when the commit fails: then what is on disk is unknown.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, future))
        if self._idle.is_set():
            self._idle.clear()
            loop.call_soon(self._begin, loop)
        return await future

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take up everybody who waits."""
        group, self._waiting = self._waiting, []
        self._transact(loop, group, self._run_all, loop.time() + BUSY_TIMEOUT_SECONDS)

    def _transact(
        self, loop: asyncio.AbstractEventLoop, group: list[Write], run: Run, deadline: float
    ) -> None:
        """Run a group's statements and have them committed.

        Comes back later while another process is writing: nobody else has to wait for that.
        """
        try:
            self.writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if _is_busy(error) and loop.time() < deadline:
                loop.call_later(BUSY_PAUSE_SECONDS, self._transact, loop, group, run, deadline)
                return
            self._end(loop, _failed(group, error))
            return
        try:
            outcomes = run(group)
        except _Again:
            # The other process may begin between the two.
            self._transact(loop, group, self._attempt_all, deadline)
        except sqlite3.Error as error:
            self._end(loop, _failed(group, error))
        else:
            if self.expected_seconds < SHORT_SECONDS:
                self._end(loop, self._commit(outcomes))
            else:
                self._commits.put((loop, outcomes))

    def _commit(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Wait for the disk; return what there is to tell then."""
        began = monotonic()
        try:
            self.writer.commit()
            self.commits += 1
            # After the commit: what is told is in the file that has the name now.
            self.check_name()
        except sqlite3.Error as error:
            outcomes = [(future, None, error) for future, _, _ in outcomes]
        self.expected_seconds = max(monotonic() - began, self.expected_seconds * FORGOTTEN)
        return outcomes

    def _commit_all(self) -> None:
        """All that the thread of the commits does."""
        while (job := self._commits.get()) is not None:
            loop, outcomes = job
            outcomes = self._commit(outcomes)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._end, loop, outcomes)
            del job, outcomes

    def _end(self, loop: asyncio.AbstractEventLoop, outcomes: list[Outcome]) -> None:
        """Hand out results, then go on with those who have come meanwhile."""
        # Nothing to do after a commit. A transaction that cannot even be rolled back, or a file
        # that was closed, makes the next BEGIN fail, and so on.
        with suppress(sqlite3.Error):
            self.writer.rollback()
        for future, result, failure in outcomes:
            if future.done():  # its caller was cancelled
                continue
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)
        if self._waiting:
            self._begin(loop)
        else:
            self._idle.set()

    def _run_all(self, group: list[Write]) -> list[Outcome]:
        """Run them one after another, without savepoints. Raises _Again when one of them raises.

        Nearly none does, and two savepoint statements cost as much as the work itself.
        """
        try:
            return [(future, work(self.writer), None) for work, future in group]
        except Exception as failure:  # it is run again, and raised to its own caller
            self.writer.rollback()
            raise _Again from failure

    def _attempt_all(self, group: list[Write]) -> list[Outcome]:
        """Run them one after another, each so that it can be taken back alone."""
        return [(future, *self._attempt(work)) for work, future in group]

    def _attempt(self, work: Work[Any]) -> tuple[Any, Exception | None]:
        self.writer.execute("SAVEPOINT work")
        try:
            result = work(self.writer)
        except Exception as failure:
            if not self.writer.in_transaction:  # a full disk, say, and nobody's changes are left
                raise sqlite3.OperationalError(f"all was rolled back: {failure}") from failure
            self.writer.execute("ROLLBACK TO work")
            self.writer.execute("RELEASE work")
            return None, failure
        self.writer.execute("RELEASE work")
        return result, None

    async def close(self) -> None:
        """Wait for the writes under way, move the log into the file, and close it.

        So a copy of the file alone is whole. Later writes raise sqlite3.Error.
        """
        while not self._idle.is_set():  # somebody may write between the event and its waiter
            await self._idle.wait()
        self._commits.put(None)
        self._committer.join()
        self.reader.close()
        with suppress(sqlite3.Error):  # closed before, or another process reads what is in the log
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.writer.close()


def _failed(group: list[Write], error: Exception) -> list[Outcome]:
    return [(future, None, error) for _, future in group]


def _is_busy(error: sqlite3.Error) -> bool:
    """Tell whether another process has the file, whatever it does with it."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE == sqlite3.SQLITE_BUSY


def _inode(path: Path) -> tuple[int, int]:
    there = path.stat()
    return there.st_dev, there.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        _switch_to_log(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # makes the log
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _switch_to_log(connection: sqlite3.Connection) -> None:
    """Set the file to WAL mode, which it then stays in; another process may be doing the same.

    Of two that switch a new file SQLite lets one fail at once, whatever its busy timeout is.
    """
    pause, deadline = Event(), monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or monotonic() >= deadline:
                raise
            pause.wait(BUSY_PAUSE_SECONDS)
        else:
            return


def _grow_log(path: Path) -> None:
    """Write zeros behind the end of the write-ahead log, up to the size that it will have.

    A commit into space that the file has already is an fsync of data only; one that makes the file
    longer waits for the file system's own journal too (measured on ext4, medians of 1,500 commits:
    0.38 and 0.52 ms). SQLite reads the log up to the first frame that has no valid checksum
    (sqlite.org/walformat.html).
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or (missing := LOG_BYTES - log.stat().st_size) <= 0:
        return
    with log.open("ab") as file:
        file.write(bytes(missing))
        file.flush()
        os.fsync(file.fileno())
