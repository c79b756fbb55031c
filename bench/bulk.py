"""Bulk ingestion: many requests at once, through the event hub or the batch call."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import aiohttp

from bench.load import read_log
from bench.scenarios import Request, Scenario, plan

REQUESTS_HUB: Final = "bulk"

ITEMS_PER_CALL: Final = 1_000
"""The most that `POST /api/todos/batch` takes; some 200 KB of events, of 1 MiB a hub takes."""

CALLS_AT_ONCE: Final = 4

ATTEMPTS_MAX: Final = 500
"""How often one call is sent before the run is given up: an answer may say "later"."""

LOOK_SECONDS: Final = 0.02

SECONDS_MAX: Final = 180.0
"""From the first call to the last TODO in the log."""


class Way(StrEnum):
    """A way in."""

    HUB = "event hub"
    CALL = "batch call"


@dataclass(frozen=True, slots=True)
class Bulk:
    """All requests are sent as fast as they are taken; 5 % of them twice."""

    way: Way
    projects: int
    requests: int = 20_000

    @property
    def name(self) -> str:
        """Say what it is, as `--only` looks for it."""
        where = "hot project" if self.projects == 1 else f"{self.projects} projects"
        return f"bulk, {self.way}, {where}"


BULKS: Final = tuple(Bulk(way, projects) for projects in (100, 1) for way in Way)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one run did."""

    requests: frozenset[Request]
    accepted_seconds: float
    """Until the last call was answered."""
    seconds: float
    """Until the last TODO was in the log."""


async def ingest(base_url: str, bulk: Bulk, seed: int, first_project: int) -> Ingested:
    """Send everything, then wait until it is in the log. Raises TimeoutError, RuntimeError."""
    scenario = Scenario(bulk.name, CALLS_AT_ONCE, bulk.projects, bulk.requests)
    requests = plan(scenario, seed, first_project)
    calls = _calls(bulk.way, requests)
    connector = aiohttp.TCPConnector(limit=CALLS_AT_ONCE)
    async with (
        aiohttp.ClientSession(base_url, connector=connector) as session,
        asyncio.timeout(SECONDS_MAX),
    ):
        began = time.perf_counter()
        await asyncio.gather(*(_send(session, bulk.way, calls) for _ in range(CALLS_AT_ONCE)))
        accepted = time.perf_counter()
        for project_id, count in _counts(requests).items():
            await _wait_for(session, project_id, count)
        ended = time.perf_counter()
    return Ingested(frozenset(requests), accepted - began, ended - began)


def _calls(way: Way, requests: Sequence[Request]) -> Iterator[bytes]:
    """Make the bodies before the clock runs."""
    item = _event if way is Way.HUB else _item
    starts = range(0, len(requests), ITEMS_PER_CALL)
    cut = [requests[start : start + ITEMS_PER_CALL] for start in starts]
    return iter([json.dumps([item(each) for each in part]).encode() for part in cut])


def _item(request: Request) -> dict[str, Any]:
    return {
        "projectId": request.project_id,
        "requestId": request.request_id,
        "title": request.title,
    }


def _event(request: Request) -> dict[str, Any]:
    return {
        "Body": json.dumps({"projectId": request.project_id, "title": request.title}),
        "BrokerProperties": {"PartitionKey": str(request.project_id)},
        "UserProperties": {"requestId": request.request_id},
    }


_PATHS: Final = {Way.HUB: f"/{REQUESTS_HUB}/messages", Way.CALL: "/api/todos/batch"}
_TYPES: Final = {
    Way.HUB: "application/vnd.microsoft.servicebus.json",
    Way.CALL: "application/json",
}


async def _send(session: aiohttp.ClientSession, way: Way, calls: Iterator[bytes]) -> None:
    for body in calls:
        for _ in range(ATTEMPTS_MAX):
            headers = {"Content-Type": _TYPES[way]}
            async with session.post(_PATHS[way], data=body, headers=headers) as answer:
                text = await answer.read()
            if answer.status in (201, 202):
                _check(way, text)
                break
            if answer.status not in (429, 503):
                raise RuntimeError(f"{answer.status} {text[:300]!r}")
            await asyncio.sleep(LOOK_SECONDS)
        else:
            raise RuntimeError(f"a call was refused {ATTEMPTS_MAX} times")


def _check(way: Way, text: bytes) -> None:
    """The batch call answers for each item; a hub takes what it does not look at."""
    if way is Way.CALL:
        statuses = {each["status"] for each in json.loads(text)["results"]}
        if not statuses <= {"accepted", "created"}:
            raise RuntimeError(f"items were answered {sorted(statuses)}")


def _counts(requests: Sequence[Request]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for request in set(requests):
        counts[request.project_id] = counts.get(request.project_id, 0) + 1
    return counts


async def _wait_for(session: aiohttp.ClientSession, project_id: int, last: int) -> None:
    while True:
        async with session.get(f"/api/projects/{project_id}") as answer:
            if answer.ok and (await answer.json())["last"] >= last:
                return
        await asyncio.sleep(LOOK_SECONDS)


async def verify(base_url: str, ingested: Ingested) -> None:
    """Compare the logs with what was sent. Raises AssertionError with the first difference."""
    asked: dict[int, set[str]] = {}
    for request in ingested.requests:
        asked.setdefault(request.project_id, set()).add(request.title)
    for project_id, titles in asked.items():
        rows = await read_log(base_url, project_id)
        ids = [todo_id for todo_id, _ in rows]
        assert ids == list(range(1, len(rows) + 1)), f"project {project_id} is not dense"
        stored = {title for _, title in rows}
        assert len(stored) == len(rows), f"project {project_id} has a request twice"
        assert stored == titles, f"project {project_id} differs from what was sent"
