"""The consumer in examples/: every TODO takes effect once, whatever the hub repeats."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.wire import Wire
from examples.consumer import Consumer, Created, Hole, add_up
from publishing.events import event_of
from store.ports.records import Entry
from todos import TODOS

ROOT = Path(__file__).parent.parent.parent

KILLED = """
import os, signal, sys
from pathlib import Path
from examples.consumer import Consumer, add_up
def effect(db, created):
    add_up(db, created)
    if created.id == 3:
        os.kill(os.getpid(), signal.SIGKILL)
bodies = [bytes.fromhex(each) for each in sys.argv[2:]]
Consumer(Path(sys.argv[1]), effect).consume("0", list(enumerate(bodies)))
"""


def event(project_id: int, id_: int, title: str = "Buy milk") -> bytes:
    """As the app publishes it."""
    output = json.dumps({"id": id_, "title": title})
    return event_of(str(project_id), Entry(id_, f"r{id_}", 1, output), Wire(TODOS).shown).body


def numbered(bodies: list[bytes], first: int = 0) -> list[tuple[int, bytes]]:
    return list(enumerate(bodies, first))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "totals.db"


@pytest.fixture
def consumer(path: Path) -> Iterator[Consumer]:
    made = Consumer(path)
    yield made
    made.close()


def test_each_todo_takes_effect(consumer: Consumer) -> None:
    assert consumer.consume("0", numbered([event(7, 1, "ab"), event(8, 1), event(7, 2, "c")])) == 3
    assert consumer.totals() == {7: (2, 3), 8: (1, 8)}
    assert (consumer.last(7), consumer.read_to("0"), consumer.read_to("1")) == (2, 2, -1)


@pytest.mark.parametrize("seed", range(20))
def test_what_the_publisher_repeats_takes_effect_once(consumer: Consumer, seed: int) -> None:
    chance = random.Random(seed)
    bodies: list[bytes] = []
    reached = dict.fromkeys((7, 8, 9), 0)
    while min(reached.values()) < 40:
        # A publisher goes on from its cursor, which a crash has left somewhere behind.
        project = chance.choice(list(reached))
        cursor = chance.randint(max(0, reached[project] - 10), reached[project])
        to = cursor + chance.randint(1, 8)
        bodies += [event(project, id_, "x" * id_) for id_ in range(cursor + 1, to + 1)]
        reached[project] = max(reached[project], to)
    first = 0
    while first < len(bodies):
        size = chance.randint(1, 15)
        consumer.consume("0", numbered(bodies[first : first + size], first))
        # Batches come again as a whole too.
        first += 0 if chance.random() < 0.2 else size
    expected = {p: (last, last * (last + 1) // 2) for p, last in reached.items()}
    assert consumer.totals() == expected


def test_reading_the_hub_again_from_its_beginning_changes_nothing(consumer: Consumer) -> None:
    events = numbered([event(7, id_) for id_ in range(1, 101)])
    assert consumer.consume("0", events) == 100
    before = consumer.totals()
    assert consumer.consume("0", events) == 0
    assert consumer.totals() == before


def test_a_crash_between_effect_and_commit_leaves_no_trace(path: Path) -> None:
    bodies = [event(7, id_) for id_ in range(1, 6)]
    arguments = [str(path), *(each.hex() for each in bodies)]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    consumer = Consumer(path)
    assert (consumer.totals(), consumer.last(7), consumer.read_to("0")) == ({}, 0, -1)
    assert consumer.consume("0", numbered(bodies)) == 5
    assert consumer.totals() == {7: (5, 40)}
    consumer.close()


def test_an_effect_that_fails_takes_everything_of_its_batch_back(path: Path) -> None:
    def fail_once(db: sqlite3.Connection, created: Created) -> None:
        add_up(db, created)
        if created.id == 3 and failures:
            raise failures.pop()

    failures = [RuntimeError("no")]
    consumer = Consumer(path, fail_once)
    events = numbered([event(7, id_) for id_ in range(1, 6)])
    with pytest.raises(RuntimeError):
        consumer.consume("0", events)
    assert consumer.totals() == {}
    assert consumer.consume("0", events) == 5
    consumer.close()


def test_a_hole_stops_it_before_anything_takes_effect(consumer: Consumer) -> None:
    consumer.consume("0", numbered([event(7, 1), event(7, 2)]))
    with pytest.raises(Hole, match="project 7: 4 follows 2"):
        consumer.consume("0", numbered([event(8, 1), event(7, 4)], 2))
    assert consumer.totals() == {7: (2, 16)}
    assert consumer.read_to("0") == 1
    assert consumer.consume("0", numbered([event(7, 3), event(7, 4)], 2)) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_what_is_no_event_of_ours_is_not_skipped(consumer: Consumer, body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        consumer.consume("0", numbered([event(7, 1), body]))
    assert consumer.totals() == {}


def test_the_app_publishes_what_it_reads() -> None:
    assert Created.parse(event(7, 42, "é 🧊")) == Created(7, 42, "é 🧊")
    assert json.loads(event(7, 42)) == {"projectId": 7, "id": 42, "title": "Buy milk"}
