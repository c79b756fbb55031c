"""How a command ends by Ctrl-C: at once, with every process that it has started, exit code 130."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

import psutil

STOPPED: Final = 130
"""Exit code after SIGINT, as shells have it."""

STARTS: Final = {
    *("subprocess.Popen", "os.fork", "os.posix_spawn"),
    *("tempfile.mkdtemp", "tempfile.mkstemp"),
}
"""Audit events of Python: of what nothing may begin any more."""

REMOVALS_MAX: Final = 5
"""Of the temporary files: a thread that was just about to make one needs another round."""

WAIT_SECONDS_MAX: Final = 1.0
"""For killed processes to be gone."""


def run(main: Callable[[], int], said: str = "Stopped.") -> int:
    """Run `main` and return its exit code, but for Ctrl-C, which ends this process within 2 s.

    Temporary files of `main`, and of processes that it starts, are in one folder, which goes too.
    What `main` leaves there when it ends by itself stays.
    """
    scratch = Path(tempfile.mkdtemp(prefix="eo-"))
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    stop_at_ctrl_c(said, scratch)
    try:
        return main()
    finally:
        with suppress(OSError):  # it is not empty
            scratch.rmdir()


def stop_at_ctrl_c(said: str, scratch: Path | None = None) -> None:
    """From now on SIGINT kills all processes below this one, removes `scratch`, and ends it.

    Nothing is waited for and nobody asked: what such a command starts is its own, and what it
    writes may end anywhere.
    """
    owner = os.getpid()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if os.getpid() == owner:  # and not a fork of it, which the terminal tells as well
            kill_descendants()
            if scratch is not None:
                _remove(scratch)
            start = "\r\x1b[K" if sys.stderr.isatty() else ""
            os.write(2, f"{start}{said}\n".encode())
        os._exit(STOPPED)

    signal.signal(signal.SIGINT, stop)


def kill_descendants() -> None:
    """Kill every process that this one has started, and those that they have.

    From then on only the main thread can start another one, or make a temporary file.
    """
    sys.addaudithook(_hold_back)
    found: dict[int, psutil.Process] = {}
    # Suspended first: what runs could start another one while the others are killed.
    while new := [each for each in _descendants() if each.pid not in found]:
        for each in new:
            found[each.pid] = each
            with suppress(psutil.Error):
                each.suspend()
    for each in found.values():
        with suppress(psutil.Error):
            each.kill()
    psutil.wait_procs(found.values(), timeout=WAIT_SECONDS_MAX)


def _remove(folder: Path) -> None:
    for _ in range(REMOVALS_MAX):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _hold_back(event: str, _arguments: tuple[object, ...]) -> None:
    """Keep a thread that would start the next process, now that its last one was killed, waiting."""
    if event in STARTS and threading.current_thread() is not threading.main_thread():
        threading.Event().wait()


def _descendants() -> list[psutil.Process]:
    return list(psutil.Process().children(recursive=True))


def leave_to_parent() -> None:
    """Ignore Ctrl-C, in a process of a pool: the one that made it ends them all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
