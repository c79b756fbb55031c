"""`python -m localhost` in a process of its own, on a copy of a recorded app."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 10.0


class StartFailed(Exception):
    """The host ended, or did not listen in time; `str` is what it printed."""


class RunningHost:
    """A host and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[str], data: Path) -> None:
        self.process = process
        self.lines: list[str] = []
        self._data = data
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """All that was printed."""
        return "\n".join(self.lines)

    def port(self) -> int:
        """Wait until it listens. Raises StartFailed."""
        return int(self.wait_for(r"Listening on http://\S+:(\d+)\.")[1])

    def keys(self) -> dict[str, str]:
        """Return the keys that the cases name, by those names."""
        keys = json.loads((self._data / "keys.json").read_text("utf-8"))
        return {"function": keys["host"], "master": keys["master"]}

    def wait_for(self, pattern: str, seconds: float = START_SECONDS_MAX) -> re.Match[str]:
        """Return the match in a line that is or will be printed. Raises StartFailed."""
        found: list[re.Match[str]] = []

        def seen() -> bool:
            found.extend(match for line in self.lines if (match := re.search(pattern, line)))
            return bool(found) or not self._reader.is_alive()

        with self._arrived:
            self._arrived.wait_for(seen, seconds)
        if not found:
            raise StartFailed(self.output)
        return found[0]

    def stop(self) -> None:
        """End the process, and read what it printed last."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._arrived:
                self.lines.append(line.rstrip("\n"))
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()


@contextmanager
def running(
    app: Path, folder: Path, environ: Mapping[str, str], *arguments: str
) -> Iterator[RunningHost]:
    """Run a host on a copy of the app, with its data in `folder`; kill it at the end."""
    shutil.copytree(app, folder / "app", ignore=shutil.ignore_patterns("*.jsonl"))
    data = folder / "data"
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
        [
            *(sys.executable, "-m", "localhost", "--app", str(folder / "app")),
            *("--data", str(data), "--port", "0", *arguments),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    host = RunningHost(process, data)
    try:
        yield host
    finally:
        host.stop()
