"""Compares what clients were told with the log, which is folded again from the first entry on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.client import Client, Told
from bench.stored import read_only
from domain.decider import Decider
from domain.domain import AnyDomain
from domain.names import REFUSED
from domain.request import Request
from domain.wire import Wire
from store.ports.records import Entry


class Wrong(AssertionError):
    """A promise is broken."""


async def answers(client: Client, told: Mapping[Request, Sequence[Told]]) -> int:
    """Check every answer; return how many entries there are. Raises Wrong."""
    places: dict[str, dict[int, Request]] = {}
    for request, each in told.items():
        if any(again != each[0] for again in each):
            raise Wrong(f"{request} was answered {each}")
        if places.setdefault(request.key, {}).setdefault(each[0].place, request) != request:
            raise Wrong(f"place {each[0].place} of {request.key} was given twice")
    for key, requests in places.items():
        rows = await client.log(key)
        if sorted(requests) != list(range(1, len(rows) + 1)):
            raise Wrong(f"{key} has {len(rows)} entries for {len(requests)} requests")
        for entry in folded(client.domain, requests):
            body = told[requests[entry.place]][0].body
            _compare(Wire(client.domain).shown(key, entry), rows[entry.place - 1], entry, body)
    return sum(map(len, places.values()))


def _compare(shown: Any, row: Any, entry: Entry, body: Any) -> None:
    if row != shown:
        raise Wrong(f"the log has {row}, not {shown}")
    is_told = body["detail"] == shown[REFUSED]["detail"] if entry.refused else body == shown
    if not is_told:
        raise Wrong(f"{entry.request_id} was answered {body}, not {shown}")


def sqlite_log(path: Path, domain: AnyDomain, asked: Iterable[Request], besides: str = "") -> int:
    """Check that a store file holds exactly these requests, each once, folded, and those of a key
    `besides`. Return how many. Raises Wrong.
    """
    left = {(each.key, each.id): each for each in asked}
    logs: dict[str, dict[int, tuple[Request, str]]] = {}
    for key, place, request_id, output in _rows(path):
        if key == besides:
            continue
        request = left.pop((key, request_id), None)
        if request is None:
            raise Wrong(f"{key}/{place}: {request_id} is there twice, or nobody asked")
        logs.setdefault(key, {})[place] = (request, output)
    if left:
        raise Wrong(f"{len(left)} requests are lost, as {next(iter(left))}")
    for key, log in logs.items():
        _check(key, log, domain)
    return sum(map(len, logs.values()))


def _check(key: str, log: Mapping[int, tuple[Request, str]], domain: AnyDomain) -> None:
    if sorted(log) != list(range(1, len(log) + 1)):
        raise Wrong(f"{key} is not dense")
    for entry in folded(domain, {place: request for place, (request, _) in log.items()}):
        if log[entry.place][1] != entry.output:
            raise Wrong(f"{key} has {log[entry.place][1]}, not {entry}")


def _rows(path: Path) -> list[Any]:
    with read_only(path) as db:
        return db.execute("SELECT key, place, request_id, output FROM entry").fetchall()


def folded(domain: AnyDomain, requests: Mapping[int, Request]) -> Iterable[Entry]:
    """Fold the domain function over the requests of a key, by place."""
    decider, state = Decider(domain), None
    for place in range(1, len(requests) + 1):
        done = decider.fold(requests[place].payload, place, state)
        state = done.state
        yield Entry(place, requests[place].id, done.version, done.output, done.refused)


def same_rows(one: Path, other: Path) -> int:
    """Check that two store files hold the same logs, heads and inboxes, whenever they were written.

    Return how many entries each has. Raises Wrong.
    """
    with read_only(one) as db:
        db.execute("ATTACH ? AS other", (f"{other.as_uri()}?mode=ro",))
        for name, columns in SAME.items():
            mine, theirs = (f"SELECT {columns} FROM {place}.{name}" for place in ("main", "other"))  # noqa: S608
            sql = f"SELECT count(*) FROM ({mine} EXCEPT {theirs})"  # noqa: S608 - constants
            back = f"SELECT count(*) FROM ({theirs} EXCEPT {mine})"  # noqa: S608
            differing = [db.execute(each).fetchone()[0] for each in (sql, back)]
            if any(differing):
                raise Wrong(f"{name}: {differing} rows are in one of the files only")
        return int(db.execute("SELECT count(*) FROM entry").fetchone()[0])


SAME: Final = {
    "entry": "key, place, request_id, payload, output, refused, version",
    "request": "key, request_id, place",
    "head": "key, place, state",
    "inbox": "key, request_id, payload",
}


def events(path: Path, hub: str, count: int) -> None:
    """Check that a hub of `localhost` has so many events, of each key 1, 2, 3, … in this order.

    Raises Wrong.
    """
    last, found = dict[str, int](), 0
    sql = (
        "SELECT partition_key, properties FROM events JOIN partitions ON partition = id"
        " WHERE hub = ? ORDER BY partition, sequence"
    )
    with read_only(path) as db:
        for key, properties in db.execute(sql, (hub,)):
            place = json.loads(properties)["sequence"]
            if place != last.get(key, 0) + 1:
                raise Wrong(f"{key}: event {place} follows {last.get(key, 0)}")
            last[key], found = place, found + 1
    if found != count:
        raise Wrong(f"{found} events of {count} entries")
