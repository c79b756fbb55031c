"""A `localhost` in a process of its own, that tests start, stop and kill."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import requests

from tests.domain_under_test import MODULE, TODOS

APP: Final = Path(__file__).parents[2]

START_SECONDS_MAX: Final = 120.0
"""A second or two on a machine that has nothing else to do; on one that has, a minute was seen."""
STOP_SECONDS_MAX: Final = 45.0
TAKE_OVER_SECONDS_MAX: Final = 10.0
"""A standby needs a fraction of a second; a machine with other things to do, longer."""
LOOK_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 60.0
UNHEALTHY: Final = "/problems/unhealthy"

SOON: Final = {"EO_SWEEP_AFTER_SECONDS": "3", "EO_SWEEP_SCHEDULE": "*/1 * * * * *"}
"""What was killed goes on within a few seconds."""

PLACES: Final = frozenset({"EO_STORE", "EO_TABLES", "EO_TASK_HUB", "EventHubs"})
"""Settings of the sample that `tools.run` knows better."""


class LocalhostProcess:
    """The app on `localhost`, on a free port; the port stays the same from one start to the next."""

    def __init__(
        self,
        data: Path,
        storage: str = "sqlite",
        environ: Mapping[str, str] | None = None,
        *,
        standby: bool = False,
        app: Path | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        """Keep everything in `data`; `environ` is added to the environment.

        With `standby` it shares `data` with whoever owns it at the moment, if anybody does. `app`
        is the folder of an app in place of the one with the domain under test; `arguments` are
        more of `tools.run` and of `localhost`.
        """
        self.data = data
        self.storage = storage
        self.standby = standby
        self.app = app
        self.arguments = arguments
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.output = data.with_name(f"{data.name}-{self.port}.log")
        """What all its processes have printed."""
        self.environ = {**os.environ, **_sample_settings(), **(environ or {})}
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
        command = [sys.executable, "-m", "tools.run", "--port", str(self.port)]
        command += ["--data", str(self.data), "--storage", self.storage, "--no-request-log"]
        command += ["--standby"] if self.standby else []
        command += self.arguments
        if self.app is not None:
            command += ["--app", str(self.app)]
        elif MODULE != TODOS:
            command += ["--domain", MODULE]
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
                answer = requests.get(f"{self.base_url}/api/health", timeout=5)
                # Late sweeps make it unhealthy, as they are right after a kill; it serves then.
                if answer.ok or UNHEALTHY in answer.text:
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass  # not yet, or on a machine that is busy elsewhere
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

    def kill9_worker(self) -> None:
        """End the worker process; the host lives and starts another one.

        Raises AssertionError when there is none, or not within the time that a start takes.
        """
        wait_until(lambda: bool(self._workers()), "there is no worker", START_SECONDS_MAX)
        for pid in self._workers():
            os.kill(pid, signal.SIGKILL)

    def kill9_worker_of(self, group: str) -> None:
        """End the worker process of `http` or `durable` functions, which are apart."""
        pids: list[int] = []

        def is_there() -> bool:
            pids[:] = self._admin("GET", "").json()["workers"][group]
            return bool(pids)

        wait_until(is_there, f"there is no worker of {group}", START_SECONDS_MAX)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def end_instance(self, group: str) -> None:
        """End the instance of a group: its worker, and what its host had in memory."""
        answer = self._admin("DELETE", f"/instance:{group}")
        assert answer.status_code == 202, answer.text

    def _admin(self, method: str, path: str) -> requests.Response:
        url = f"{self.base_url}/admin/localhost{path}"
        return requests.request(method, url, timeout=STOP_SECONDS_MAX)

    def _workers(self) -> list[int]:
        listing = ["ps", "-A", "-o", "pid=,ppid=,command="]
        found = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
        rows = [line.split(maxsplit=2) for line in found.splitlines()]
        ours = str(self.pid)
        return [int(r[0]) for r in rows if r[1] == ours and "localhost.worker" in r[-1]]

    def lose_task_hub(self, keep: Path | None = None) -> None:
        """While it is stopped: begin without a task hub next time; move the old one to `keep`."""
        lost = list(self.data.glob("taskhub.db*"))
        assert lost
        for file in lost:
            if keep is None:
                file.unlink()
            else:
                file.rename(keep / file.name)
        # The host does not begin anew by itself where a database was.
        register = self.data / "format.json"
        content = json.loads(register.read_text())
        names = [each for each in content.get("databases", ()) if each != "taskhub.db"]
        register.write_text(json.dumps({**content, "databases": names}))

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
        return str(self._admin("GET", "").json()["role"])

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


def wait_until(
    condition: Callable[[], bool], otherwise: str, seconds: float = PATIENCE_SECONDS
) -> None:
    """Come back once a condition holds. Raises AssertionError when it does not in time."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, otherwise
        pause.wait(LOOK_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sample_settings() -> dict[str, str]:
    """What everybody starts with, whatever the developer's own local.settings.json says.

    Where things are stored is for `tools.run` to say; sweeps come sooner than by default.
    """
    sample = json.loads((APP / "local.settings.sample.json").read_text())
    values = {name: text for name, text in sample["Values"].items() if name not in PLACES}
    return values | {"EO_SWEEP_SCHEDULE": "*/2 * * * * *", "EO_SWEEP_AFTER_SECONDS": "3"}
