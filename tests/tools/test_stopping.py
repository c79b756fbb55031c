"""Ctrl-C in each long command: it ends at once, with 130, and leaves no process and no file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final
from uuid import uuid4

import psutil
import pytest
import requests

from tests.e2e.server import free_port
from tests.tools.test_commands import ROOT

BEGIN_SECONDS_MAX: Final = 100.0
END_SECONDS_MAX: Final = 30.0
"""2 s are promised; only a hang takes this long where the machine has other things to do."""
MARK: Final = "EO_TEST_MARK"
PROCESSES: Final = 3
"""Each command has so many once it is at work: itself and two of a pool, or a host and its worker."""

PYTEST: Final = ("pytest", "-p", "tools.pytest_stopping", "-p", "no:cacheprovider")

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "bench": ("bench",),
    "chaos": ("tests.chaos", "--seed", "1"),
    "faults": ("tests.simulation", "--seeds", "100000"),
    "mutants": ("tests.mutants",),
    "model": ("model",),
    "textbook": ("tools.textbook",),
    "workshop-check": ("workshop", "check"),
    "conformance": (*PYTEST, "localhost/conformance"),
    "test": (*PYTEST, "tests/e2e/test_kill.py"),
}


@dataclass(frozen=True, slots=True)
class Started:
    """A command in a process group of its own, as a terminal starts it."""

    process: subprocess.Popen[str]
    mark: str

    def all_of_it(self) -> list[psutil.Process]:
        """Every process that has inherited its environment, whoever its parent is by now."""
        return [each for each in psutil.process_iter() if self.mark in _environ(each)]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline, pause = time.monotonic() + BEGIN_SECONDS_MAX, Event()
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "it does not get going"
            pause.wait(0.05)

    def ctrl_c(self) -> tuple[int, str]:
        """Tell the whole group; return exit code and standard error once nothing of it is left."""
        os.killpg(self.process.pid, signal.SIGINT)
        _, error = self.process.communicate(timeout=END_SECONDS_MAX)
        # One that was killed may take a moment to hand its memory back.
        _, left = psutil.wait_procs(self.all_of_it(), timeout=END_SECONDS_MAX)
        assert left == [], error
        return self.process.returncode, error


def _environ(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, ""))
    except psutil.Error:
        return ""


@contextmanager
def started(temporary: Path, *command: str) -> Iterator[Started]:
    mark = uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, MARK: mark, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    it = Started(process, mark)
    try:
        yield it
    finally:
        for each in it.all_of_it():
            each.kill()
        process.communicate()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_ctrl_c_ends_a_long_command_and_all_it_started(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with started(tmp_path, *command) as it:
        it.wait_until(lambda: len(it.all_of_it()) >= PROCESSES)
        code, error = it.ctrl_c()
        assert (code, it.all_of_it()) == (130, []), error
    if command[0] != "pytest":
        assert "Stopped" in error.splitlines()[-1]
        assert list(tmp_path.iterdir()) == []


@pytest.mark.azurite
@pytest.mark.parametrize("storage", ["sqlite", "tables"])
def test_ctrl_c_ends_a_run_and_all_it_started(tmp_path: Path, storage: str) -> None:
    """With 0: a host that stops when it is told to has done what it should."""
    port, data = str(free_port()), str(tmp_path / "data")
    command = ["tools.run", "--port", port, "--data", data, "--storage", storage]
    if storage == "tables":
        emulator = ["tools.azurite", "--data", f"{data}/tables", "--", sys.executable, "-m"]
        command = [*emulator, *command]
    with started(tmp_path, *command) as it:
        it.wait_until(lambda: _serves(port))
        code, error = it.ctrl_c()
        assert (code, it.all_of_it()) == (0, []), error


def _serves(port: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/api/health", timeout=5).ok
    except requests.RequestException:
        return False
