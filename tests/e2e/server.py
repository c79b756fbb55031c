"""A `localhost` in a process of its own, that tests start, stop and kill."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import requests

from tools.local_run import local_settings

APP: Final = Path(__file__).parents[2]

START_SECONDS_MAX: Final = 30.0
STOP_SECONDS_MAX: Final = 45.0
TAKE_OVER_SECONDS_MAX: Final = 10.0
"""A standby needs a fraction of a second; a machine with other things to do, longer."""
LOOK_SECONDS: Final = 0.05


class LocalhostProcess:
    """`python -m localhost` on a free port; the port stays the same from one start to the next."""

    def __init__(
        self,
        data: Path,
        storage: str = "sqlite",
        environ: Mapping[str, str] | None = None,
        *,
        standby: bool = False,
    ) -> None:
        """Keep everything in `data`; `environ` is added to the environment.

        With `standby` it shares `data` with whoever owns it at the moment, if anybody does.
        """
        self.data = data
        self.storage = storage
        self.standby = standby
        self.port = _free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.output = data.with_name(f"{data.name}-{self.port}.log")
        """What all its processes have printed."""
        given = {**os.environ, **_sample_settings(), **(environ or {})}
        self.environ = {**given, **local_settings(given, tables=storage == "tables")}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and return when it serves. Raises AssertionError with its output when it does not."""
        self.spawn()
        try:
            self.wait_until_it_serves()
        except BaseException:
            self.kill9()
            raise

    def spawn(self) -> None:
        """Start and return at once."""
        assert self._process is None, "it is running"
        command = [sys.executable, "-m", "localhost", "--port", str(self.port)]
        command += ["--data", str(self.data), "--no-request-log"]
        command += ["--standby"] if self.standby else []
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=APP, env=self.environ, stdout=output, stderr=subprocess.STDOUT
            )

    def wait_until_it_serves(self) -> None:
        """Return when it answers. Raises AssertionError with its output when it does not."""
        process = self._running()
        deadline = time.monotonic() + START_SECONDS_MAX
        pause = threading.Event()
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"it ended with {process.returncode}:\n{self.printed()}")
            try:
                if requests.get(f"{self.base_url}/api/health", timeout=5).ok:
                    return
            except requests.ConnectionError:
                pass
            pause.wait(LOOK_SECONDS)
        raise AssertionError(f"it does not serve:\n{self.printed()}")

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does; return its exit code."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"it does not stop:\n{self.printed()}") from None
        finally:
            self._process = None

    def kill9(self) -> None:
        """End it with no chance to do anything, as a power cut would."""
        process = self._running()
        process.kill()
        process.wait()
        self._process = None

    def printed(self) -> str:
        """Return what it has printed."""
        return self.output.read_text(errors="replace")

    def wait_until_owner(self) -> None:
        """Return once it owns `data`. Raises AssertionError when it does not get there."""
        deadline, pause = time.monotonic() + TAKE_OVER_SECONDS_MAX, threading.Event()
        while self.role() != "owner":
            assert time.monotonic() < deadline, f"it does not take over:\n{self.printed()[-3000:]}"
            pause.wait(LOOK_SECONDS)

    def role(self) -> str:
        """Return `owner` or `standby`."""
        answer = requests.get(f"{self.base_url}/admin/localhost", timeout=STOP_SECONDS_MAX)
        return str(answer.json()["role"])

    @property
    def is_running(self) -> bool:
        """Whether its process was started and has not ended, however."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of its process, which is running."""
        return self._running().pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.stop()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it is not running"
        return self._process


def lose_task_hub(data: Path) -> None:
    """Delete the task hub of a host that is not running, and have the next one accept that."""
    lost = list(data.glob("taskhub.db*"))
    assert lost
    for file in lost:
        file.unlink()
    accept_new_task_hub(data)


def accept_new_task_hub(data: Path) -> None:
    """Say that the hub is meant to be gone: a host refuses a folder that has lost it."""
    file = data / "format.json"
    content = json.loads(file.read_text())
    names = [name for name in content.get("databases", ()) if name != "taskhub.db"]
    file.write_text(json.dumps({**content, "databases": names}))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sample_settings() -> dict[str, str]:
    """What everybody starts with, whatever the developer's own local.settings.json says."""
    sample = json.loads((APP / "local.settings.sample.json").read_text())
    return dict(sample["Values"])
