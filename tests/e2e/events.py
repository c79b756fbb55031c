"""A service that is fed through its event hub, and the audit of what it made of the events."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import requests

from domain.samples import Samples
from tests.domain_under_test import DOMAIN, body
from tests.e2e import server
from tests.e2e.asked import Asked, Shown, check_log, look, place_of
from tests.e2e.client import Client
from tests.e2e.server import LocalhostProcess, wait_until

HUB: Final = "requests"
ENTRIES_HUB: Final = "entries"
PARTITIONS: Final = 4
EVENTS_PER_CALL: Final = 500
PAGE_EVENTS: Final = 1_000
LOOKS_AT_ONCE: Final = 8
BATCH: Final = {"Content-Type": "application/vnd.microsoft.servicebus.json"}

SOON: Final = {**server.SOON, "EO_PUBLISH_SCHEDULE": "*/1 * * * * *"}
"""What was killed goes on within a second or two."""


@dataclass(frozen=True)
class Event:
    """A request as a producer sends it, with an id of its own or without."""

    key: str
    payload: str
    request_id: str | None = None

    def encode(self, *, keyed: bool) -> dict[str, Any]:
        """As the batch call of Event Hubs has it."""
        encoded: dict[str, Any] = {"Body": json.dumps(body(self.key, self.payload))}
        if self.request_id is not None:
            encoded["UserProperties"] = {"requestId": self.request_id}
        if keyed:
            encoded["BrokerProperties"] = {"PartitionKey": self.key}
        return encoded


def events_for(
    keys: Sequence[str], count: int, *, named: bool = True, seed: int = 0
) -> list[Event]:
    """Return `count` events, spread over the keys, with ids or without; no payload comes twice."""
    samples = Samples(DOMAIN, Random(seed))
    return [
        Event(keys[n % len(keys)], samples.payload(), f"r{seed}-{n}" if named else None)
        for n in range(count)
    ]


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
        """Have the hub take events, by their key or all into one partition."""
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
        self.until(lambda: not self.server.is_running)

    def rewind(self) -> None:
        """Have everything delivered again, from the first event on."""
        before = self.deliveries()
        answer = self.client.call("DELETE", f"/admin/eventhubs/{HUB}/checkpoints")
        assert answer.status_code == 204, answer.text
        self.until(lambda: self.deliveries() > before)

    def deliveries(self) -> int:
        """How often the trigger was called in this life of the host."""
        status = self.client.get("/admin/localhost").json()
        return int(status["statistics"]["invocations"].get(f"events_{DOMAIN.plural}", 0))

    def wait_until_done(self, keys: Iterable[str]) -> None:
        """Come back once every event is behind a checkpoint and every request has its place."""
        self.until(lambda: is_checkpointed(self.client))
        for key in keys:
            self.until(lambda key=key: self.client.pending(key) == 0)  # type: ignore[misc]

    def until(self, condition: Callable[[], bool]) -> None:
        """Come back once a condition holds; fail when it does not in time."""
        try:
            wait_until(condition, "it took too long")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.server.printed()[-3000:]}") from None

    def logs(self, keys: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """The logs of some keys."""
        return {key: self.client.log_of(key) for key in keys}

    def audit(self, sent: Iterable[Event]) -> None:
        """Each request that the hub holds has exactly one place, and nothing else is in the logs.

        `sent` are all events that were good; the hub may hold each of them several times. What a
        log must be then follows from the function of the domain. Raises AssertionError.
        """
        asked = self._asked(sent)
        with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
            found = dict(zip(asked, pool.map(self._place, asked), strict=True))
        for key in {each.key for each in asked}:
            log = self.client.log_of(key)
            check_log(log, key, {each: at for each, at in found.items() if each.key == key})

    def _place(self, asked: Asked) -> int:
        entry = look(self.client, asked.key, asked.request_id)
        assert entry is not None, f"{asked} has no place"
        return place_of(entry)

    def _asked(self, sent: Iterable[Event]) -> list[Asked]:
        """What is in the hub, as the requests that it makes; it must be what was sent."""
        texts = {json.dumps(body(each.key, each.payload)).encode(): each for each in sent}
        found: dict[Asked, None] = {}
        for partition in range(PARTITIONS):
            for each in hub_events(self.client, HUB, partition):
                event = texts.get(base64.b64decode(each["bodyBase64"]))
                if event is not None:
                    number = each["sequenceNumber"]
                    request_id = event.request_id or f"event:{HUB}:{partition}:{number}"
                    found[Asked(event.key, request_id, event.payload)] = None
        assert {(e.key, e.payload) for e in found} == {(e.key, e.payload) for e in texts.values()}
        return list(found)

    def entries(self) -> dict[str, list[dict[str, Any]]]:
        """What is in the output hub, by key and in the order of its partition."""
        return entries(self.client)


def is_checkpointed(client: Client) -> bool:
    """Tell whether every event that came in is behind a checkpoint."""
    hub = client.get(f"/admin/eventhubs/{HUB}").json()
    done = hub["checkpoints"].get("$default", {})
    return all(done.get(each["id"], -1) == each["lastSequenceNumber"] for each in hub["partitions"])


def entries(client: Client) -> dict[str, list[dict[str, Any]]]:
    """Read the output hub: its entries by key, in the order of their partition."""
    found: dict[str, list[dict[str, Any]]] = {}
    for partition in range(PARTITIONS):
        for event in hub_events(client, ENTRIES_HUB, partition):
            shown = json.loads(base64.b64decode(event["bodyBase64"]))
            key = str(shown[DOMAIN.key.name])
            found.setdefault(key, []).append({"body": shown, "properties": event["properties"]})
    return found


def hub_events(client: Client, hub: str, partition: int) -> Iterator[dict[str, Any]]:
    """Read a partition of a hub of `localhost`, page by page."""
    first = 0
    path = f"/admin/eventhubs/{hub}/partitions/{partition}/events?limit={PAGE_EVENTS}"
    while page := client.get(f"{path}&from={first}").json():
        yield from page
        first += len(page)


def check_published(found: Sequence[Mapping[str, Any]], log: Sequence[Shown]) -> None:
    """The output hub has each entry of a log: in order, and repeated identically at most."""
    first = {place_of(each["body"]): each["body"] for each in reversed(found)}
    assert all(each["body"] == first[place_of(each["body"])] for each in found), "not identical"
    assert all(each["properties"]["sequence"] == place_of(each["body"]) for each in found)
    seen = dict.fromkeys(place_of(each["body"]) for each in found)
    assert [first[each] for each in seen] == list(log), "the output hub is not the log"
