"""`python -m localhost` in processes of their own, on apps written for the test."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 30
SETTINGS: Final = {
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",
    "EventHubs": "%LOCALHOST_EVENT_HUBS%",
}


def write_app(folder: Path, code: str, host: Any = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(code)
    (folder / "host.json").write_text(json.dumps(host or {"version": "2.0"}))
    return folder


class Process:
    """`python -m localhost`, its output read by a thread."""

    def __init__(self, app: Path, *arguments: str, **environ: str) -> None:
        self.lines: list[str] = []
        self._arrived = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localhost", "--port", "0", *arguments],
            cwd=app,
            env={**os.environ, **SETTINGS, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._arrived:
                self.lines.append(line.rstrip("\n"))
                self._arrived.notify_all()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the match of a line that is or will be printed."""
        found: list[re.Match[str]] = []

        def seen() -> bool:
            found.extend(match for line in self.lines if (match := re.search(pattern, line)))
            return bool(found) or self.process.poll() is not None

        with self._arrived:
            assert self._arrived.wait_for(seen, SECONDS_MAX), self.output
        assert found, self.output
        return found[0]

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
