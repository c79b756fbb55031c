"""The latency of a lone request: accepted, ordered, written to the log, answered with its place.

    python -m bench.latency https://APP.azurewebsites.net --key FUNCTION_KEY --out app.jsonl

One caller, one request after the other with a pause between them, on a key of its own, so that
nothing is shared. Each line of the file is one answer, written when it came: when it was sent (ns
since 1970, UTC), how long it took (ns), status, place. An answer other than 201 counts with the
time it took, and one that never came with the time until that was known (status null).
"""

import argparse
import asyncio
import json
import secrets
import statistics
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import aiohttp

from bench import table
from bench.client import Client, connected
from bench.work import Work
from tools.domains import load_domain

KEYS: Final = 1_000_000


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--key", default="", help="function key (x-functions-key)")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.2, help="seconds from answer to request")
    parser.add_argument("--domain", help="module that declares it (default: the app's own)")
    parser.add_argument("--caller-key", action="store_true", help="send an Idempotency-Key")
    parser.add_argument("--out", type=Path, required=True, help="file of the raw data")
    given = parser.parse_args()
    print(table.machine())
    with given.out.open("x") as file:
        rows = asyncio.run(_measure(given, file))
    _print(rows)


async def _measure(given: argparse.Namespace, file: IO[str]) -> list[dict[str, Any]]:
    domain = load_domain(given.domain)
    work = Work(domain, secrets.randbelow(10**9))
    key = 1 + secrets.randbelow(KEYS)
    rows: list[dict[str, Any]] = []
    async with connected(given.url, domain) as client:
        if given.key:
            client.session.headers["x-functions-key"] = given.key
        await client.post(work.request(key), made_key=True)  # connects, or ends the run
        for _ in range(given.count):
            rows.append(await _ask(client, work, key, made_key=not given.caller_key))
            print(json.dumps(rows[-1]), file=file, flush=True)
            await asyncio.sleep(given.pause)
    return rows


async def _ask(client: Client, work: Work, key: int, *, made_key: bool) -> dict[str, Any]:
    request = work.request(key)
    at, began = time.time_ns(), time.perf_counter_ns()
    status: int | None = None
    body: dict[str, Any] | None = None
    with suppress(aiohttp.ClientError, TimeoutError):
        status, body = await client.post(request, made_key=made_key)
    took = time.perf_counter_ns() - began
    return {"at": at, "ns": took, "status": status, "place": (body or {}).get(client.domain.place)}


def _print(rows: Iterable[dict[str, Any]]) -> None:
    times = [each["ns"] / 1e9 for each in rows]
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    late = sum(each["place"] is None for each in rows)
    table.head("answers", "without a place", "p50 ms", "p95", "p99", "max", "load average")
    table.row(
        *(len(times), late, *(table.ms(cuts[place]) for place in (49, 94, 98))),
        *(table.ms(max(times)), table.load_now()),
    )


if __name__ == "__main__":
    main()
