"""Show the bug that this project prevents: one kill, two invoices with one number.

    python -m tools.textbook

Runs `examples/textbook` on `localhost`, kills the host where Durable Functions has sent an entity's
reply and not yet committed its state, and starts it again. What a killed host had in flight is
invisible for 5 minutes on Azure (10 seconds here), and the next request overtakes it. Then the same
kill and the same requests with this app.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tools import stopping

ROOT: Final = Path(__file__).parents[1]
TEXTBOOK: Final = ROOT / "examples" / "textbook"

KILL: Final = {"kill": {"point": "after_send_before_commit", "nth": 1, "work": "entity"}}
"""Fault plan of `localhost`: when it dies."""
LATE: Final = {"LOCALHOST_VISIBILITY_SECONDS": "10"}
"""For how long what was in flight is invisible."""

START_SECONDS_MAX: Final = 60.0
LOOK_SECONDS: Final = 0.1
ANSWER_SECONDS_MAX: Final = 30.0


class Host:
    """`localhost` on a free port, with a fault plan."""

    def __init__(self, command: list[str], environ: Mapping[str, str]) -> None:
        self._command = command
        self._environ = {**os.environ, **LATE, **environ}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, faults: Mapping[str, Any] | None = None) -> None:
        """Start it and wait until it answers. Raises RuntimeError."""
        environ = {**self._environ, "LOCALHOST_FAULTS": json.dumps(faults or {})}
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self._command, "--port", str(self._port)],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.call("/") is not None:
                return
            threading.Event().wait(LOOK_SECONDS)
        raise RuntimeError("the host does not start")

    def call(self, path: str, body: Any = None, **headers: str) -> Any:
        """Return the answer as JSON or text; None when there is none."""
        data = None if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            data=data,
            headers={"Content-Type": "application/json", **named},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        except OSError:
            return None
        return json.loads(text) if text.startswith(("{", "[")) else text

    def wait_until_dead(self) -> None:
        """Wait for the kill of the fault plan."""
        assert self._process is not None
        self._process.wait(START_SECONDS_MAX)

    def stop(self) -> None:
        """Stop it by its own pid."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_SECONDS_MAX)


def textbook(folder: Path) -> list[int]:
    """Return the numbers of two invoices of the textbook app, with a kill in between."""
    file = folder / "invoices.jsonl"
    command = ["localhost", "--app", str(TEXTBOOK), "--data", str(folder / "textbook")]
    host = Host(command, {"INVOICES_FILE": str(file)})
    try:
        host.start(KILL)
        host.call("/api/invoices", {"cents": 500})
        host.wait_until_dead()
        host.start()
        host.call("/api/invoices", {"cents": 700})
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while len(_lines(file)) < 2 and time.monotonic() < deadline:  # noqa: PLR2004 - both
            threading.Event().wait(LOOK_SECONDS)
    finally:
        host.stop()
    return [json.loads(line)["number"] for line in _lines(file)]


def this_app(folder: Path) -> list[int]:
    """Return the ids of two TODOs of this app, with the same kill in between."""
    host = Host(["tools.run", "--data", str(folder / "app")], {})
    first, second = {"projectId": 7, "title": "first"}, {"projectId": 7, "title": "second"}
    try:
        host.start(KILL)
        host.call("/api/todos", first, Idempotency_Key="1")
        host.wait_until_dead()
        host.start()
        # The second request comes first; then, as every client does that got no answer, the first
        # is repeated, with the same key.
        later = host.call("/api/todos", second, Idempotency_Key="2")
        earlier = host.call("/api/todos", first, Idempotency_Key="1")
    finally:
        host.stop()
    return [earlier["id"], later["id"]]


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def main() -> int:
    """Show both; 0 when the textbook app doubles a number and this app does not."""
    with tempfile.TemporaryDirectory(prefix="textbook-") as name:
        print("The textbook app: two invoices, the host killed during the first ...", flush=True)
        numbers = textbook(Path(name))
        print(f"    their numbers: {numbers}")
        print("This app: the same kill, the same two requests ...", flush=True)
        ids = this_app(Path(name))
        print(f"    their ids: {ids}")
    is_shown = len(set(numbers)) < len(numbers) and len(set(ids)) == len(ids)
    print("One number, two invoices; two ids, two TODOs." if is_shown else "It did not show.")
    return 0 if is_shown else 1


if __name__ == "__main__":
    sys.exit(stopping.run(main))
