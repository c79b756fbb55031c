"""`make chaos`, small: the same runs with a few kills; and Ctrl-C in the middle of one."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.chaos.phases import Plan, apart, one_host, two_hosts
from tests.e2e.conftest import GIVEN
from tests.e2e.server import APP, wait_until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

SECONDS_MAX = 100.0
STOP_SECONDS_MAX = 2.0


def plan(folder: Path, hub_losses: int = 0) -> Plan:
    deadline = time.monotonic() + SECONDS_MAX
    return Plan(folder=folder, seed="4", kills=3, hub_losses=hub_losses, deadline=deadline)


def test_one_host_killed_again_and_again_keeps_every_promise(tmp_path: Path) -> None:
    counted = one_host(plan(tmp_path, hub_losses=1))
    assert "1 task hubs lost" in counted
    assert "operations of a history that is linear" in counted


def test_two_hosts_that_die_in_turn_keep_every_promise(tmp_path: Path) -> None:
    assert "Every promise holds" in two_hosts(plan(tmp_path))


def test_functions_apart_that_die_keep_every_promise(tmp_path: Path) -> None:
    assert "Every promise holds" in apart(plan(tmp_path))


def processes_of(session: int) -> list[str]:
    listing = ["ps", "-A", "-o", "sess=,pgid=,stat=,command="]
    found = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    rows = [line.split(maxsplit=3) for line in found.splitlines()]
    return [row[-1] for row in rows if row[0] == str(session) and not row[2].startswith("Z")]


def workers_of(folder: Path) -> list[str]:
    listing = ["ps", "-A", "-o", "command="]
    found = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    return [line for line in found.splitlines() if str(folder) in line]


def test_ctrl_c_stops_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--kills", "1000", "--hosts", "one"]
    with (tmp_path / "printed").open("wb") as printed:
        run = subprocess.Popen(
            command,
            cwd=APP,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: bool(list(tmp_path.glob("chaos-*/one-*.log"))), "it does not start")
        threading.Event().wait(2.0)  # in the middle of whatever it does
        run.send_signal(signal.SIGINT)
        assert run.wait(STOP_SECONDS_MAX) == 130
    finally:
        run.kill()
    assert (tmp_path / "printed").read_text().endswith("Stopped.\n")
    wait_until(lambda: not processes_of(run.pid) and not workers_of(tmp_path), "something runs on")
    assert list(tmp_path.glob("chaos-*")) == []
