"""The consumer in examples/: every entry takes effect once, whatever the hub repeats."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples.consumer import Consumer, Hole, Received, add_up
from publishing.events import event_of
from store.ports.records import Entry
from tests.domain_under_test import WIRE, nth_key

ROOT = Path(__file__).parent.parent.parent

SEVEN, EIGHT, NINE = (nth_key(number) for number in (7, 8, 9))

KILLED = """
import os, signal, sys
from pathlib import Path
from examples.consumer import Consumer, Received, add_up
def effect(db, received):
    add_up(db, received)
    if received.place == 3:
        os.kill(os.getpid(), signal.SIGKILL)
events = [Received(n, sys.argv[2], n + 1, bytes.fromhex(e)) for n, e in enumerate(sys.argv[3:])]
Consumer(Path(sys.argv[1]), effect).consume("0", events)
"""


def event(key: str, place: int, text: str = "", number: int = 0) -> Received:
    """As the app publishes it."""
    entry = Entry(place, f"request {place}", 1, json.dumps({"text": text}))
    made = event_of(key, entry, WIRE.shown)
    return Received.parse(number, key, made.properties, made.body)


def numbered(events: list[Received], first: int = 0) -> list[Received]:
    return [replace(each, number=number) for number, each in enumerate(events, first)]


def size(*events: Received) -> tuple[int, int]:
    """What the effect adds up for these."""
    return len(events), sum(len(each.body) for each in events)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "totals.db"


@pytest.fixture
def consumer(path: Path) -> Iterator[Consumer]:
    made = Consumer(path)
    yield made
    made.close()


def test_each_entry_takes_effect(consumer: Consumer) -> None:
    one, other, two = event(SEVEN, 1, "ab"), event(EIGHT, 1), event(SEVEN, 2, "c")
    assert consumer.consume("0", numbered([one, other, two])) == 3
    assert consumer.totals() == {SEVEN: size(one, two), EIGHT: size(other)}
    assert (consumer.last(SEVEN), consumer.read_to("0"), consumer.read_to("1")) == (2, 2, -1)


@pytest.mark.parametrize("seed", range(20))
def test_what_the_publisher_repeats_takes_effect_once(consumer: Consumer, seed: int) -> None:
    chance = random.Random(seed)
    sent: list[Received] = []
    reached = dict.fromkeys((SEVEN, EIGHT, NINE), 0)
    while min(reached.values()) < 40:
        # A publisher goes on from its cursor, which a crash has left somewhere behind.
        key = chance.choice(list(reached))
        cursor = chance.randint(max(0, reached[key] - 10), reached[key])
        to = cursor + chance.randint(1, 8)
        sent += [event(key, place, "x" * place) for place in range(cursor + 1, to + 1)]
        reached[key] = max(reached[key], to)
    first = 0
    while first < len(sent):
        count = chance.randint(1, 15)
        consumer.consume("0", numbered(sent[first : first + count], first))
        # Batches come again as a whole too.
        first += 0 if chance.random() < 0.2 else count
    expected = {
        key: size(*(event(key, place, "x" * place) for place in range(1, last + 1)))
        for key, last in reached.items()
    }
    assert consumer.totals() == expected


def test_hub_read_again_from_its_beginning_changes_nothing(consumer: Consumer) -> None:
    events = numbered([event(SEVEN, place) for place in range(1, 101)])
    assert consumer.consume("0", events) == 100
    before = consumer.totals()
    assert consumer.consume("0", events) == 0
    assert consumer.totals() == before


def test_crash_between_effect_and_commit_leaves_no_trace(path: Path) -> None:
    events = numbered([event(SEVEN, place) for place in range(1, 6)])
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), SEVEN, *(each.body.hex() for each in events)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    consumer = Consumer(path)
    assert (consumer.totals(), consumer.last(SEVEN), consumer.read_to("0")) == ({}, 0, -1)
    assert consumer.consume("0", events) == 5
    assert consumer.totals() == {SEVEN: size(*events)}
    consumer.close()


def test_effect_that_fails_takes_its_whole_batch_back(path: Path) -> None:
    def fail_once(db: sqlite3.Connection, received: Received) -> None:
        add_up(db, received)
        if received.place == 3 and failures:
            raise failures.pop()

    failures = [RuntimeError("no")]
    consumer = Consumer(path, fail_once)
    events = numbered([event(SEVEN, place) for place in range(1, 6)])
    with pytest.raises(RuntimeError):
        consumer.consume("0", events)
    assert consumer.totals() == {}
    assert consumer.consume("0", events) == 5
    consumer.close()


def test_hole_stops_it_before_anything_takes_effect(consumer: Consumer) -> None:
    first, second, fourth = event(SEVEN, 1), event(SEVEN, 2), event(SEVEN, 4)
    consumer.consume("0", numbered([first, second]))
    with pytest.raises(Hole, match=f"key {SEVEN}: 4 follows 2"):
        consumer.consume("0", numbered([event(EIGHT, 1), fourth], 2))
    assert consumer.totals() == {SEVEN: size(first, second)}
    assert consumer.read_to("0") == 1
    assert consumer.consume("0", numbered([event(SEVEN, 3), fourth], 2)) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_body_that_is_not_an_entry_is_not_skipped(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Received.parse(0, SEVEN, {"sequence": 1}, body)


@pytest.mark.parametrize(("key", "properties"), [(None, {"sequence": 1}), (SEVEN, {})])
def test_event_without_key_or_place_is_not_skipped(key: object, properties: Any) -> None:
    with pytest.raises(ValueError, match="event 3 is not one of the service"):
        Received.parse(3, key, properties, b"{}")
