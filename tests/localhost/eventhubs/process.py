"""A host as a process of its own, which a test can kill, around a small app that it writes."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

PATIENCE_SECONDS: Final = 30.0
REPOSITORY: Final = Path(__file__).parents[3]

FUNCTION_APP: Final = """
import json
import os
from typing import List

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.event_hub_message_trigger(
    arg_name="batch", event_hub_name="%REQUESTS_HUB%", connection="EventHubs",
    cardinality="many", data_type="binary",
)
def events(batch: List[func.EventHubEvent]) -> None:
    seen = [event.get_body().decode("utf-8", "replace") for event in batch]
    line = json.dumps({"bodies": seen, "partition": batch[0].metadata.get("PartitionContext")})
    with open("seen.jsonl", "a") as out:
        out.write(line + "\\n")


@app.route("connection")
def connection(req: func.HttpRequest) -> str:
    return os.environ["EventHubs"]


@app.route("requests/messages", methods=["POST"])
def messages(req: func.HttpRequest) -> str:
    return "the app's own"
"""


@dataclass(frozen=True, slots=True)
class HostProcess:
    """A running host."""

    base: str
    process: subprocess.Popen[str]
    app: Path

    def send(self, body: bytes | str, hub: str = "requests", **headers: str) -> int:
        """Send one event; return the status."""
        address = f"{self.base}/{hub}/messages"
        answer = requests.post(address, data=body, headers=headers, timeout=PATIENCE_SECONDS)
        return answer.status_code

    def send_batch(self, *bodies: str, key: str = "7") -> int:
        """Send events with one partition key in one request; return the status."""
        return self.send(
            json.dumps([{"Body": body} for body in bodies]),
            **{
                "Content-Type": "application/vnd.microsoft.servicebus.json",
                "BrokerProperties": json.dumps({"PartitionKey": key}),
            },
        )

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON at a path."""
        answer = requests.get(self.base + path, params=query, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def bodies(self, hub: str = "requests") -> dict[str, list[str]]:
        """Return the bodies in every partition that has any."""
        import base64

        found = {}
        for partition in self.get(f"/admin/eventhubs/{hub}")["partitions"]:
            path = f"/admin/eventhubs/{hub}/partitions/{partition['id']}/events"
            events = self.get(path, limit=1000)
            numbers = [event["sequenceNumber"] for event in events]
            assert numbers == list(range(len(events)))
            assert partition["lastSequenceNumber"] == len(events) - 1
            if events:
                found[partition["id"]] = [
                    base64.b64decode(event["bodyBase64"]).decode() for event in events
                ]
        return found

    def wait_until_processed(self, hub: str = "requests") -> None:
        """Come back once every event is before a checkpoint."""

        def is_processed() -> bool:
            found = self.get(f"/admin/eventhubs/{hub}")
            done = found["checkpoints"].get("$default", {})
            return all(
                done.get(partition["id"], -1) == partition["lastSequenceNumber"]
                for partition in found["partitions"]
            )

        until(is_processed)

    def seen(self) -> list[list[str]]:
        """Return the bodies of each batch that the function got, in all lives of the host."""
        file = self.app / "seen.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line)["bodies"] for line in lines]

    def kill(self) -> None:
        """End the process as kill -9 does."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def wait_until_killed(self) -> None:
        """Come back once the process has killed itself."""
        assert self.process.wait(PATIENCE_SECONDS) == -9


def until(condition: Callable[[], bool]) -> None:
    """Come back once a condition holds; fail when it does not in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        pause.wait(0.02)


def write_app(folder: Path, host_json: dict[str, Any] | None = None) -> Path:
    """Write the app; return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(FUNCTION_APP)
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **(host_json or {})}))
    return folder


@contextmanager
def host_process(
    app: Path, *arguments: str, faults: dict[str, Any] | None = None, **settings: str
) -> Iterator[HostProcess]:
    """Start a host on the app's data folder; stop it at the end when it still runs."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "REQUESTS_HUB": "requests",
        "LOCALHOST_EVENT_HUB_NAMES": "entries",
        "EventHubs": "%LOCALHOST_EVENT_HUBS%",
        "LOCALHOST_FAULTS": json.dumps(faults or {}),
        **settings,
    }
    command = [sys.executable, "-m", "localhost", "--port", "0", "--app", str(app)]
    command += ["--data", str(app / "data"), *arguments]
    process = subprocess.Popen(
        command, env=environ, cwd=app, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    try:
        yield HostProcess(_base_url(process), process, app)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _base_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.startswith("Listening on "):
            # Somebody must read what comes later, or the host would wait for room in the pipe.
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            return line.split()[2].rstrip(".").replace("localhost", "127.0.0.1")
    raise AssertionError("".join(printed))


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    try:
        for _ in process.stdout:
            pass
    except ValueError:
        return  # closed
