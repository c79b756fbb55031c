"""The host under load: a `localhost` of its own, with its CPU time and its statistics."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from bench.memory import Kind, resident_mb
from tools.domains import load_domain

ROOT: Final = Path(__file__).resolve().parent.parent
START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 15.0
LOOK_SECONDS: Final = 0.02
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")

APP: Final = """\
from effectively_once import effectively_once
from {module} import {name}

app = effectively_once({name})
"""


def patched(folder: Path, code: str) -> dict[str, str]:
    """Have each process of a host run `code` when it starts; return what its environment needs."""
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds of processor time, user and system."""

    host: float
    workers: float

    def __sub__(self, other: Self) -> "Cpu":
        """Return what was spent since."""
        return Cpu(self.host - other.host, self.workers - other.workers)

    @property
    def all(self) -> float:
        """Of both."""
        return self.host + self.workers


class Host:
    """The app on a free port; everything that it stores and prints is below `data`."""

    def __init__(
        self,
        data: Path,
        module: str | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        storage: str = "sqlite",
        shared: Path | None = None,
        app: Path | None = None,
    ) -> None:
        """Serve the app, or the domain that `module` declares; add `environ` to its environment.

        With `shared` it is a standby of the host that owns that folder; with `app`, another app.
        """
        data.mkdir(parents=True, exist_ok=True)
        self.store_file = data / "data" / "store.db"
        self._root = ROOT
        self._printed = data / f"host-{'b' if shared else 'a'}.log"
        app = app or app_of(module, data)
        self._environ = {**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        self.base_url = f"http://127.0.0.1:{port}"
        self._command = [
            *(sys.executable, "-m", "tools.run", "--port", str(port), "--storage", storage),
            *("--data", str(shared or data / "data"), "--app", str(app), "--no-request-log"),
            *(["--standby"] if shared else []),
        ]

    def __enter__(self) -> Self:
        """Start it and wait until it is healthy. Raises RuntimeError when it is not in time."""
        began = time.perf_counter()
        with self._printed.open("wb") as output:
            self.process = subprocess.Popen(
                self._command,
                cwd=self._root,
                env=self._environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        pause = threading.Event()
        while time.perf_counter() - began < START_SECONDS_MAX and self.process.poll() is None:
            try:
                self._get("/api/health")
            except OSError:
                pause.wait(LOOK_SECONDS)
            else:
                self.start_seconds = time.perf_counter() - began
                return self
        self.__exit__()
        raise RuntimeError(f"the host did not start: {self._printed.read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        """Stop it by its own pid."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def be(self, tree: Path) -> None:
        """Be another release, the one of this tree: its own Python, its own files."""
        self._root = tree
        self._command[0] = str(tree / ".venv" / "bin" / "python")
        self._environ["PYTHONPATH"] = str(tree)
        if not (tree / "tools" / "run.py").exists():
            self._command[2:3] = ["localhost"]
            at = self._command.index("--app")
            del self._command[at : at + 3]

    def cpu(self) -> Cpu:
        """Return what was spent so far."""
        host, *workers = map(_cpu_seconds, self._processes())
        return Cpu(host, sum(workers))

    def peak_memory_mb(self) -> tuple[float, float]:
        """The most memory that host and workers have had resident so far."""
        return self._memory("VmHWM")

    def memory_mb(self) -> tuple[float, float]:
        """What host and workers have resident now."""
        return self._memory("VmRSS")

    def statistics(self) -> Counter[str]:
        """Counters of the host, flat: transactions by label, commits by file, hub counters."""
        status = json.loads(self._get("/admin/localhost"))["statistics"]
        flat = Counter[str](status["hub"])
        for name, file in status["files"].items():
            flat[f"{name} commits"] = file["commits"]
            flat.update(file["writes"])
        for name, count in status["invocations"].items():
            flat[f"run {name}"] = count
        return flat

    def _memory(self, kind: Kind) -> tuple[float, float]:
        host, *workers = (resident_mb(each, kind) for each in self._processes())
        return host, sum(workers)

    def _processes(self) -> list[int]:
        host = self.process.pid
        children = Path(f"/proc/{host}/task/{host}/children").read_text().split()
        return [host, *map(int, children)]

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.base_url + path, timeout=10) as answer:  # noqa: S310
            return answer.read()


def app_of(module: str | None, folder: Path) -> Path:
    """Return the folder of the app: this one, or one that serves the domain of `module` alone."""
    if module is None:
        return ROOT
    domain = load_domain(module)
    name = next(n for n, value in vars(sys.modules[module]).items() if value is domain)
    app = folder / "app"
    app.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "host.json", app)
    (app / "function_app.py").write_text(APP.format(module=module, name=name))
    return app


@contextmanager
def spent(host: Host) -> Iterator[tuple[Counter[str], list[Cpu]]]:
    """Collect what happens between entering and leaving: counters, and one Cpu."""
    counters: Counter[str] = Counter()
    cpu: list[Cpu] = []
    before, cpu_before = host.statistics(), host.cpu()
    yield counters, cpu
    cpu.append(host.cpu() - cpu_before)
    counters.update(host.statistics())
    counters.subtract(before)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
