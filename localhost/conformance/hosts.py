"""`python -m localhost` in a process of its own, on a copy of a recorded app."""

import http.client
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
REQUEST_SECONDS_MAX: Final = 100.0


class StartFailed(Exception):
    """The host ended, or did not listen in time; `str` is what it printed."""


class RunningHost:
    """A host and what it has printed so far."""

    def __init__(self, *arguments: str, cwd: Path, environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-m", "localhost", "--port", "0", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.lines: list[str] = []
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
    data = str(folder / "data")
    host = RunningHost("--data", data, *arguments, cwd=folder / "app", environ=environ)
    try:
        yield host
    finally:
        host.stop()


def ask(
    place: str,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str, Mapping[str, str]]:
    """Return status, text and headers (in lower case) of an answer; `place` is `HOST:PORT`.

    Raises OSError, http.client.HTTPException.
    """
    connection = http.client.HTTPConnection(place, timeout=REQUEST_SECONDS_MAX)
    try:
        connection.request(method, target, body, dict(headers or {}))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return response.status, response.read().decode("utf-8", "replace"), named
    finally:
        connection.close()
