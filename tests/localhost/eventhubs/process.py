"""A host as a process of its own, which a test can kill, around a small app that it writes."""

import base64
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests

from tests.localhost import process
from tests.localhost.process import SECONDS_MAX, Process, until

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


class HostProcess(Process):
    """A host with an app of event hubs."""

    def __init__(self, app: Path, *arguments: str, **environ: str) -> None:
        super().__init__(app, *arguments, **environ)
        self.app = app

    def send(self, body: bytes | str, hub: str = "requests", **headers: str) -> int:
        """Send one event; return the status."""
        address = f"{self.base()}/{hub}/messages"
        answer = requests.post(address, data=body, headers=headers, timeout=SECONDS_MAX)
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
        answer = requests.get(self.base() + path, params=query, timeout=SECONDS_MAX)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def bodies(self, hub: str = "requests") -> dict[str, list[str]]:
        """Return the bodies in every partition that has any."""
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
        self.end(signal.SIGKILL)

    def wait_until_killed(self) -> None:
        """Come back once the process has killed itself."""
        assert self.exit_code() == -signal.SIGKILL


def write_app(folder: Path, host_json: dict[str, Any] | None = None) -> Path:
    """Write the app; return its folder."""
    return process.write_app(folder, FUNCTION_APP, {"version": "2.0", **(host_json or {})})


@contextmanager
def host_process(
    app: Path, *arguments: str, faults: dict[str, Any] | None = None, **settings: str
) -> Iterator[HostProcess]:
    """Start a host on the app's data folder; stop it at the end when it still runs."""
    environ = {
        "REQUESTS_HUB": "requests",
        "LOCALHOST_EVENT_HUB_NAMES": "entries",
        "LOCALHOST_FAULTS": json.dumps(faults or {}),
        **settings,
    }
    host = HostProcess(app, *arguments, **environ)
    try:
        host.base()
        yield host
    finally:
        host.stop()
