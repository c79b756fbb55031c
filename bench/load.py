"""Load on a service, and how long its answers took."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bench.client import CREATED, Client, Told, all_ended
from bench.work import Work
from domain.request import Request


@dataclass(slots=True)
class Answers:
    """What was answered."""

    told: dict[Request, list[Told]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    """Of first sendings, in seconds."""
    seconds: float = 0.0


async def closed_loop(client: Client, sending: Sequence[Request], clients: int) -> Answers:
    """Send all, in order; each client sends its next one when it has the answer to the last."""
    answers, line = Answers(), iter(sending)

    async def one() -> None:
        for request in line:
            is_first = request not in answers.told
            told = answers.told.setdefault(request, [])
            began = time.perf_counter()
            told.append(await client.ask(request))
            if is_first:
                answers.latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(clients)))
    answers.seconds = time.perf_counter() - began
    return answers


@dataclass(slots=True)
class Lone:
    """One caller, on a key that nobody else uses."""

    latencies: list[float] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    late: int = 0
    """Answers other than 201 or a refusal."""

    def p(self, percent: int) -> float:
        """Return a percentile in milliseconds."""
        if len(self.latencies) == 1:
            return self.latencies[0] * 1e3
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1] * 1e3


async def lone(client: Client, work: Work, key: int, seconds: float, pause: float) -> Lone:
    """Ask once, wait `pause`, and so on for some seconds; a wait of 30 s is all one request has."""
    seen, end = Lone(), time.perf_counter() + seconds
    await lone_until(lambda: time.perf_counter() >= end, seen, client, work.requester(key), pause)
    return seen


async def lone_until(
    is_over: Callable[[], bool],
    seen: Lone,
    client: Client,
    request_of: Callable[[], Request],
    pause: float,
) -> None:
    """Do so until something is over; at least once."""
    while not seen.latencies or not is_over():
        request = request_of()
        began = time.perf_counter()
        status, body = await client.post(request, made_key=True)
        seen.latencies.append(time.perf_counter() - began)
        seen.late += status != CREATED and client.domain.place not in (body or {})
        seen.requests.append(request)
        await asyncio.sleep(pause)


async def at_rate(
    per_second: float, send: Callable[[], Awaitable[object]], under_way_max: int = 3_000
) -> None:
    """Send so many a second, whether or not the earlier ones were answered; until cancelled."""
    tasks: set[asyncio.Task[None]] = set()

    async def one() -> None:
        await send()

    began, count = time.perf_counter(), 0
    try:
        while True:
            count += 1
            if len(tasks) < under_way_max:
                task = asyncio.create_task(one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(max(0.0, began + count / per_second - time.perf_counter()))
    finally:
        await all_ended(tasks)
