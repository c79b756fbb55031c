"""`python -m localhost` in processes of their own, on apps written for the test."""

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from localhost.conformance.hosts import RunningHost

SECONDS_MAX: Final = 30
SETTINGS: Final = {"EventHubs": "%LOCALHOST_EVENT_HUBS%"}


def write_app(folder: Path, code: str, host: Any = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(code)
    (folder / "host.json").write_text(json.dumps(host or {"version": "2.0"}))
    return folder


class Process(RunningHost):
    """A host on an app's folder, with its data in `.data` there."""

    def __init__(self, app: Path, *arguments: str, **environ: str) -> None:
        super().__init__(*arguments, cwd=app, environ={**SETTINGS, **environ})

    def base(self) -> str:
        return self.wait_for(r"Listening on (http://\S+)\.")[1]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.exit_code()

    def exit_code(self) -> int:
        code = self.process.wait(SECONDS_MAX)
        self._reader.join(SECONDS_MAX)
        return code


Start = Callable[..., Process]


def until(condition: Callable[[], Any]) -> None:
    """Look until it holds. Raises AssertionError when that takes too long."""
    pause = threading.Event()
    for _ in range(SECONDS_MAX * 50):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it took too long")
