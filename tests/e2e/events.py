"""A service that is fed through its event hub, and the audit of what it made of the events."""

import base64
import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from tests.e2e.client import Client
from tests.e2e.server import LocalhostProcess

HUB: Final = "requests"
ENTRIES_HUB: Final = "entries"
PARTITIONS: Final = 4
PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05
EVENTS_PER_CALL: Final = 500
PAGE_EVENTS: Final = 1_000
BATCH: Final = {"Content-Type": "application/vnd.microsoft.servicebus.json"}

SOON: Final = {
    "EO_SWEEP_SCHEDULE": "*/1 * * * * *",
    "EO_SWEEP_AFTER_SECONDS": "3",
    "EO_PUBLISH_SCHEDULE": "*/1 * * * * *",
}
"""What was killed goes on within a second or two."""


@dataclass(frozen=True)
class Event:
    """A request for a TODO as a producer sends it, with an id of its own or without."""

    project_id: int
    title: str
    request_id: str | None = None

    def encode(self, *, keyed: bool) -> dict[str, Any]:
        """As the batch call of Event Hubs has it."""
        encoded: dict[str, Any] = {
            "Body": json.dumps({"projectId": self.project_id, "title": self.title})
        }
        if self.request_id is not None:
            encoded["UserProperties"] = {"requestId": self.request_id}
        if keyed:
            encoded["BrokerProperties"] = {"PartitionKey": str(self.project_id)}
        return encoded


class EventService:
    """A `localhost` with a hub for requests, whoever runs it at the moment."""

    def __init__(
        self,
        data: Path,
        storage: str = "sqlite",
        environ: Mapping[str, str] | None = None,
        *,
        faults: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep everything in `data`, as those before did; `faults` is the host's fault plan."""
        settings = {**SOON, "EO_REQUESTS_HUB": HUB, **(environ or {})}
        settings["LOCALHOST_FAULTS"] = json.dumps(faults or {})
        self.server = LocalhostProcess(data, storage, settings)
        self.client = Client(self.server.base_url)

    def __enter__(self) -> "EventService":
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.session.close()
        if self.server.is_running:
            self.server.kill9()

    def send(self, events: Sequence[Event], partition: int | None = None) -> None:
        """Have the hub take events, by their project or all into one partition."""
        path = (
            f"/{HUB}/messages" if partition is None else f"/{HUB}/partitions/{partition}/messages"
        )
        for first in range(0, len(events), EVENTS_PER_CALL):
            part = events[first : first + EVENTS_PER_CALL]
            body = json.dumps([each.encode(keyed=partition is None) for each in part])
            answer = self.client.call("POST", path, data=body, headers=BATCH)
            assert answer.status_code == 201, answer.text

    def send_and_die(self, events: Sequence[Event]) -> None:
        """Have the hub take events in one call that a fault plan lets nobody survive."""
        assert len(events) <= EVENTS_PER_CALL
        # It may be dead before it can answer; then the events may be in the hub.
        with contextlib.suppress(requests.ConnectionError):
            self.send(events)
        self.wait_until_killed()

    def rewind(self) -> None:
        """Have everything delivered again, from the first event on."""
        before = self.deliveries()
        answer = self.client.call("DELETE", f"/admin/eventhubs/{HUB}/checkpoints")
        assert answer.status_code == 204, answer.text
        self.until(lambda: self.deliveries() > before)

    def deliveries(self) -> int:
        """How often the trigger was called in this life of the host."""
        status = self.client.get("/admin/localhost").json()
        return int(status["statistics"]["invocations"].get("events", 0))

    def wait_until_done(self, project_ids: Iterable[int]) -> None:
        """Come back once every event is behind a checkpoint and every request has its TODO."""
        self.until(lambda: is_checkpointed(self.client))
        for project_id in project_ids:
            path = f"/api/projects/{project_id}"
            self.until(lambda path=path: self.client.get(path).json()["pending"] == 0)  # type: ignore[misc]

    def wait_until_killed(self) -> None:
        """Come back once the host has killed itself."""
        self.until(lambda: not self.server.is_running)

    def until(self, condition: Callable[[], bool]) -> None:
        """Come back once a condition holds; fail when it does not in time."""
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, threading.Event()
        while not condition():
            assert time.monotonic() < deadline, f"it took too long\n{self.server.printed()[-3000:]}"
            pause.wait(LOOK_SECONDS)

    def logs(self, project_ids: Iterable[int]) -> dict[int, list[str]]:
        """The titles of each project by id; fails when its ids are not 1 to n."""
        found: dict[int, list[str]] = {}
        for project_id in project_ids:
            todos = self.client.log_of(project_id)
            assert [each["id"] for each in todos] == list(range(1, len(todos) + 1)), "holes"
            found[project_id] = [each["title"] for each in todos]
        return found

    def entries(self) -> dict[int, list[dict[str, Any]]]:
        """What is in the output hub, by project and in the order of its partition."""
        return entries(self.client)


def is_checkpointed(client: Client) -> bool:
    """Tell whether every event that came in is behind a checkpoint."""
    hub = client.get(f"/admin/eventhubs/{HUB}").json()
    done = hub["checkpoints"].get("$default", {})
    return all(done.get(each["id"], -1) == each["lastSequenceNumber"] for each in hub["partitions"])


def entries(client: Client) -> dict[int, list[dict[str, Any]]]:
    """Read the output hub: its entries by project, in the order of their partition."""
    found: dict[int, list[dict[str, Any]]] = {}
    for partition in range(PARTITIONS):
        for event in _events(client, f"/admin/eventhubs/{ENTRIES_HUB}/partitions/{partition}"):
            body = json.loads(base64.b64decode(event["bodyBase64"]))
            entry = {"body": body, "properties": event["properties"]}
            found.setdefault(body["projectId"], []).append(entry)
    return found


def _events(client: Client, partition: str) -> Iterator[dict[str, Any]]:
    first = 0
    while page := client.get(f"{partition}/events?limit={PAGE_EVENTS}&from={first}").json():
        yield from page
        first += len(page)


def audit(logs: Mapping[int, Sequence[str]], sent: Iterable[Event]) -> None:
    """Each request has exactly one TODO, in the project it asked for, and nothing else is there.

    Titles must be as different as requests.
    """
    wanted: dict[int, set[str]] = {}
    for event in sent:
        wanted.setdefault(event.project_id, set()).add(event.title)
    for project_id, titles in logs.items():
        twice = [title for title, count in Counter(titles).items() if count > 1]
        assert not twice, f"project {project_id} has a request twice: {twice[:5]}"
        assert set(titles) == wanted.get(project_id, set()), f"project {project_id}"
    assert wanted.keys() <= logs.keys()
