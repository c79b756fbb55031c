"""A plugin of pytest (`-p tools.pytest_stopping`): Ctrl-C ends the run within 2 s, with code 130.

Every process that a test has started is killed. What has failed until then is still told.
"""

import os
import signal
from collections.abc import Generator
from threading import Timer
from types import FrameType
from typing import Final

import pytest

from tools.stopping import STOPPED, kill_descendants

END_SECONDS_MAX: Final = 1.0
"""For fixtures to end; their processes are gone by then."""


def pytest_configure() -> None:
    """Take over Ctrl-C."""
    signal.signal(signal.SIGINT, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    kill_descendants()
    timer = Timer(END_SECONDS_MAX, os._exit, [STOPPED])
    timer.daemon = True
    timer.start()
    raise KeyboardInterrupt


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Say so to the shell. Fixtures that were interrupted while they began may fail to end."""
    try:
        return (yield)
    except Exception:
        if session.exitstatus != pytest.ExitCode.INTERRUPTED:
            raise
        return None
    finally:
        if session.exitstatus == pytest.ExitCode.INTERRUPTED:
            session.exitstatus = STOPPED
