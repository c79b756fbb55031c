"""The data folder of an Azurite belongs to one process at a time.

Two of them on one folder would each write what the other does not know. There are two locks. `lock` is
held by Azurite itself: when what started it is killed, it still writes its files for a moment, and
whoever starts the next one waits for that. `lock.owner` is held by what started it: without that one,
Azurite is on its way out, and of no use to others even if it still answers.
"""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

WAIT_SECONDS_MAX: Final = 40.0
"""For an Azurite that is on its way out: longer than stop-with-parent.js lets it take."""
PAUSE_SECONDS: Final = 0.05
ANSWER_SECONDS_MAX: Final = 1.0


@dataclass(frozen=True, slots=True)
class Owner:
    """The Azurite that has the folder, and answers."""

    pid: int
    ports: tuple[int, int, int]
    """Of blobs, queues and tables."""


class Busy(Exception):
    """The folder stays in use."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The lock on a folder, to be passed on to the process that writes there."""

    file: int
    """Its descriptor; a process that inherits it holds the lock for as long as it runs."""

    def announce(self, owner: Owner) -> None:
        """Write down who answers where, for those that come while it runs."""
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, json.dumps(asdict(owner)).encode(), 0)


@contextmanager
def claimed(folder: Path, *, join: bool) -> Iterator[Claim | Owner]:
    """Claim a folder; with `join`, return the Azurite that has it instead. Raises Busy."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _opened(folder / "lock") as file, _opened(folder / "lock.owner") as alive:
        yield _wait_for(file, alive, folder, join=join)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _wait_for(file: int, alive: int, folder: Path, *, join: bool) -> Claim | Owner:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < deadline:
        if _locked(file):
            _locked(alive)
            os.ftruncate(file, 0)
            return Claim(file)
        owner = _announced(file)
        if join and owner is not None and _is_held(alive) and answers(owner.ports[2]):
            return owner
        threading.Event().wait(PAUSE_SECONDS)
    raise Busy(f"{folder} is in use by another Azurite, and still is after {WAIT_SECONDS_MAX} s")


def _locked(file: int) -> bool:
    """Take a lock, if nobody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_held(file: int) -> bool:
    """Tell whether somebody else has a lock."""
    if not _locked(file):
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _announced(file: int) -> Owner | None:
    try:
        content = json.loads(os.pread(file, 1000, 0))
        blob, queue, table = content["ports"]
        return Owner(content["pid"], (blob, queue, table))
    except (ValueError, KeyError, TypeError):
        return None  # it has just started, or is about to


def answers(port: int) -> bool:
    """Tell whether something listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS_MAX).close()
    except OSError:
        return False
    return True
