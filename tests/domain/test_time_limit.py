"""The limit counts the time that a call has had, not the time that its process was stopped."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import pytest

from domain import time_limit
from domain.time_limit import TookTooLong, within

ROOT: Final = Path(__file__).parents[2]

STOPS_ITSELF: Final = """
import os, signal
from domain.time_limit import within
within(0.5, lambda: [os.kill(os.getpid(), signal.SIGSTOP) for _ in range(2)])
print("done")
"""

STOPPED_SECONDS: Final = 0.8


def test_call_of_a_process_that_was_stopped_has_its_time() -> None:
    """As a machine is that pauses: twice for longer than the limit, in one call."""
    command = [sys.executable, "-c", STOPS_ITSELF]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        for _ in range(2):
            _, status = os.waitpid(child.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), "its time was over"
            threading.Event().wait(STOPPED_SECONDS)
            child.send_signal(signal.SIGCONT)
        said, _ = child.communicate(timeout=60)
    assert said == "done\n"


def test_call_that_looks_for_signals_now_and_then_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Alarms that ring during one call of C code count as one: the processor time tells."""
    monkeypatch.setattr(time_limit, "SLICE_SECONDS", 0.001)
    calls: list[int] = []

    def long_calls() -> None:
        while len(calls) < 500:
            calls.append(sum(range(2_000_000)))

    with pytest.raises(TookTooLong):
        within(0.1, long_calls)
    assert len(calls) < 30


def test_handler_of_somebody_else_is_back_after_each_call() -> None:
    def theirs(*_: object) -> None:
        pass

    mine = signal.signal(signal.SIGALRM, theirs)
    try:
        for _ in range(2):
            assert within(60, lambda: signal.getsignal(signal.SIGALRM)) is not theirs
            assert signal.getsignal(signal.SIGALRM) is theirs
    finally:
        signal.signal(signal.SIGALRM, mine)
