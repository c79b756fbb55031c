"""Queries that must stay linear: purges, and what was pending at a start."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from localhost.taskhub.backlog import Backlog
from localhost.taskhub.instances import PURGE_ROWS_PER_WRITE, Filter, find_purged
from localhost.taskhub.messages import PAGE, ActivityTask, Message, insert_all, last_number
from localhost.taskhub.schema import open_hub_file
from tests.localhost.taskhub.host import until

_ROW = (
    "INSERT INTO instances (id, execution, name, status, created, updated)"
    " VALUES (?, 'e', 'n', 'Completed', ?, 0)"
)


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[sqlite3.Connection]:
    file = await open_hub_file(tmp_path / "hub.db")
    await file.close()
    with closing(sqlite3.connect(tmp_path / "hub.db")) as opened:
        yield opened


def statements(connection: sqlite3.Connection) -> list[str]:
    """Return what will be executed from now on, parameters filled in."""
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    return seen


async def test_round_of_a_purge_begins_behind_the_one_before(connection: Any) -> None:
    rows = [(f"i{number:05}", number) for number in range(2 * PURGE_ROWS_PER_WRITE)]
    connection.executemany(_ROW, rows)
    wanted = Filter(created_from=0, statuses=frozenset({"Completed", "Failed"}))
    seen = statements(connection)
    first = find_purged(connection, wanted, (0, ""))
    second = find_purged(connection, wanted, first[-1])
    assert [number for number, _ in first + second] == list(range(2 * PURGE_ROWS_PER_WRITE))
    assert find_purged(connection, wanted, second[-1]) == []
    for sql in list(seen):
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))
        assert "instances_by_age" in plan
        assert "TEMP B-TREE" not in plan


class Received:
    """Counts what a backlog delivers; `busy` keeps it from going on."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.busy = True

    def __call__(self, messages: Sequence[Message], _: Sequence[ActivityTask]) -> None:
        self.numbers += [message.seq for message in messages]

    def waiting(self) -> int:
        return PAGE if self.busy else 0


async def test_pending_messages_come_by_pages_as_work_goes_on(connection: Any) -> None:
    pending = range(1, 2 * PAGE + 10)
    insert_all(connection, [Message(number, "@c@k", "{}") for number in pending])
    connection.commit()
    last, received = last_number(connection), Received()
    insert_all(connection, [Message(last + 1, "@c@k", "{}")])  # new: not the backlog's to deliver
    backlog = Backlog(connection, last, received, received.waiting)
    backlog.start()
    assert received.numbers == list(range(1, PAGE + 1))
    received.busy = False
    await until(lambda: len(received.numbers), lambda count: count >= len(pending))
    backlog.stop()
    assert received.numbers == list(pending)
