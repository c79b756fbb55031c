"""The host under load: a `localhost` of its own, with its CPU time and its statistics."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

START_SECONDS_MAX: Final = 30.0
STOP_SECONDS_MAX: Final = 10.0
LOOK_SECONDS: Final = 0.05
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


class Host:
    """`python -m localhost` on a free port and a data folder of its own."""

    def __init__(self, data: Path, environ: Mapping[str, str] | None = None) -> None:
        """Keep everything it stores and prints below `data`; add `environ` to its environment."""
        self._data = data
        self._environ = {**os.environ, **(environ or {})}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.base_url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Start it and wait until it is healthy. Raises RuntimeError when it is not in time."""
        command = [sys.executable, "-m", "tools.run", "--port", str(self._port)]
        self._printed = (self._data / "host.log").open("wb")
        self._process = subprocess.Popen(
            [*command, "--data", str(self._data / "data")],
            env=self._environ,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        pause = threading.Event()
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._get("/api/health")
            except OSError:
                pause.wait(LOOK_SECONDS)
            else:
                return self
        self.__exit__()
        msg = f"the host did not start: {(self._data / 'host.log').read_text()[-2000:]}"
        raise RuntimeError(msg)

    def __exit__(self, *_: object) -> None:
        """Stop it by its own pid."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._printed.close()

    def cpu_seconds(self) -> float:
        """User and system time of host and workers so far (proc(5): fields 14 and 15 of stat)."""
        return sum(map(_cpu_seconds, self._processes()))

    def peak_memory_mb(self) -> float:
        """The most memory that host and workers have had resident so far, added up."""
        return sum(map(_peak_memory_mb, self._processes()))

    def _processes(self) -> list[int]:
        host = self._process.pid
        children = Path(f"/proc/{host}/task/{host}/children").read_text().split()
        return [host, *map(int, children)]

    def statistics(self) -> dict[str, int]:
        """Counters of the host, flat: transactions by label, commits by file, hub counters."""
        status = json.loads(self._get("/admin/localhost"))["statistics"]
        flat: dict[str, int] = dict(status["hub"])
        for name, file in status["files"].items():
            flat[f"{name} commits"] = file["commits"]
            flat |= file["writes"]
        return flat

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.base_url + path, timeout=5) as answer:  # noqa: S310
            return answer.read()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def _peak_memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
