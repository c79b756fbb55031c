"""Sends a plan with so many clients and keeps what each request was answered."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from bench.scenarios import Request

ATTEMPTS_MAX: Final = 50
"""How often one request is sent before the run is given up: an answer may say "later"."""

PAGE: Final = 1_000


@dataclass(slots=True)
class Answers:
    """What was answered: the ids by request, and the latencies of first sendings in seconds."""

    ids: dict[Request, set[int]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0


async def send(base_url: str, requests: Sequence[Request], clients: int) -> Answers:
    """Send all requests, in order, each client one at a time."""
    answers = Answers()
    line = iter(requests)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session:

        async def client() -> None:
            for request in line:
                first = request not in answers.ids
                answers.ids.setdefault(request, set())
                began = time.perf_counter()
                todo_id = await _create(session, base_url, request)
                if first:
                    answers.latencies.append(time.perf_counter() - began)
                answers.ids[request].add(todo_id)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        answers.seconds = time.perf_counter() - began
    return answers


async def _create(session: aiohttp.ClientSession, base_url: str, request: Request) -> int:
    body = json.dumps({"projectId": request.project_id, "title": request.title}).encode()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": request.request_id,
        "Prefer": "wait=30",
    }
    for _ in range(ATTEMPTS_MAX):
        async with session.post(f"{base_url}/api/todos", data=body, headers=headers) as answer:
            text = await answer.read()
            if answer.status == 201:  # noqa: PLR2004 - created
                return int(json.loads(text)["id"])
            if answer.status not in (202, 429, 503):
                msg = f"{answer.status} {text[:300]!r}"
                raise RuntimeError(msg)
    msg = f"{request} was not answered with a TODO in {ATTEMPTS_MAX} attempts"
    raise RuntimeError(msg)


async def read_log(base_url: str, project_id: int) -> list[tuple[int, str]]:
    """Return all TODOs of a project as (id, title)."""
    rows: list[tuple[int, str]] = []
    async with aiohttp.ClientSession() as session:
        while True:
            after = rows[-1][0] if rows else 0
            url = f"{base_url}/api/projects/{project_id}/todos?after={after}&limit={PAGE}"
            async with session.get(url) as answer:
                answer.raise_for_status()
                page = (await answer.json())["todos"]
            rows += [(each["id"], each["title"]) for each in page]
            if len(page) < PAGE:
                return rows


async def verify(base_url: str, answers: Answers) -> None:
    """Compare every answer with the log. Raises AssertionError with the first difference."""
    asked: dict[int, dict[str, int]] = {}
    for request, told in answers.ids.items():
        assert len(told) == 1, f"{request} got the ids {sorted(told)}"
        asked.setdefault(request.project_id, {})[request.title] = next(iter(told))
    for project_id, ids_by_title in asked.items():
        rows = await read_log(base_url, project_id)
        ids = [todo_id for todo_id, _ in rows]
        assert ids == list(range(1, len(rows) + 1)), f"project {project_id} is not dense"
        stored = {title: todo_id for todo_id, title in rows}
        assert len(stored) == len(rows), f"project {project_id} has a request twice"
        assert stored == ids_by_title, f"project {project_id} differs from what was answered"
