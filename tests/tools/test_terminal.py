"""What a long command shows: a bar on a terminal, lines elsewhere, neither in a short run."""

import os
import pty
import re
import subprocess
import sys
import termios
from contextlib import suppress

import pytest

from tests.tools.test_commands import ROOT

RUN = """
from threading import Event
from tools import terminal
terminal.REFRESH_SECONDS = terminal.LINE_SECONDS = {seconds}
shown, refresh = Event(), terminal.tqdm.refresh
def refreshed(self, *arguments, **options):
    refresh(self, *arguments, **options)
    shown.set()
terminal.tqdm.refresh = refreshed
with terminal.Progress("entries", {total}) as progress:
    progress.add(250, "C-7\\x1b[2J")
    terminal.say("found")
    shown.wait({wait})
"""
HANG_SECONDS = 30
LINE = re.compile(
    r"250 of 1000 entries, [0-9:]+ so far, [0-9:?]+ left, C-7" + re.escape("\\x1b[2J\n")
)


def run(code: str, error: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=error,
        text=True,
        check=True,
        timeout=60,
    )


def written(terminal: int) -> str:
    os.set_blocking(terminal, False)
    found = b""
    with suppress(BlockingIOError):
        while True:
            found += os.read(terminal, 4096)
    return found.decode()


def test_progress_is_lines_where_there_is_no_terminal() -> None:
    done = run(RUN.format(seconds=0.01, total=1000, wait=HANG_SECONDS))
    assert done.stdout == "found\n"
    assert LINE.match(done.stderr), done.stderr


def test_progress_is_a_bar_on_a_terminal_and_goes_away() -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    done = run(RUN.format(seconds=0.01, total=1000, wait=HANG_SECONDS), theirs)
    shown = written(ours)
    os.close(theirs)
    os.close(ours)
    assert done.stdout == "found\n"
    assert "25% " in shown
    assert "250 of 1000 entries" in shown
    assert shown.rpartition("\r")[2] == ""
    assert shown.rstrip("\r").rpartition("\r")[2].strip() == ""


@pytest.mark.parametrize("total", [1000, None])
def test_short_run_shows_no_progress(total: int | None) -> None:
    done = run(RUN.format(seconds=1000, total=total, wait=0))
    assert (done.stdout, done.stderr) == ("found\n", "")
