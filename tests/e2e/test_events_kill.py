"""kill -9 while events come in and entries go out: everything is there, once."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.domain_under_test import MODULE
from tests.e2e.asked import place_of
from tests.e2e.client import Client, unused_key
from tests.e2e.conftest import GIVEN
from tests.e2e.events import (
    BATCH,
    ENTRIES_HUB,
    HUB,
    Event,
    EventService,
    check_published,
    events_for,
)
from tests.e2e.server import APP

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

CUT = {"event_hub_batch_cut": True, "seed": 3}
MIB = 1_048_576


def letters(data: Path) -> list[str]:
    """The names of all dead letters, as an operator lists them."""
    found = json.loads(deadletters(data, "list", "--json"))
    return [each["name"] for each in found]


def deadletters(data: Path, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "tools.deadletters", *arguments, "--domain", MODULE]
    command += ["--store", f"sqlite:{data / 'store.db'}"]
    return subprocess.run(command, cwd=APP, check=True, capture_output=True).stdout


@pytest.mark.parametrize("point", ["before_run", "before_checkpoint", "after_checkpoint"])
def test_batch_in_which_the_host_was_killed_is_there_once(tmp_path: Path, point: str) -> None:
    data, key = tmp_path / "data", unused_key()
    # Without ids of their own: redelivered in other batches they must be the same requests.
    good = events_for([key], 120, named=False)
    poison = Event(key, '{"never-declared":1}')
    with EventService(data, faults={"kill": {"point": point}}) as service:
        service.send_and_die([*good[:60], poison, *good[60:]])
    with EventService(data, faults=CUT) as service:
        service.wait_until_done([key])
        service.audit(good)
        service.rewind()
        service.wait_until_done([key])
        service.audit(good)
    assert len(letters(data)) == 1


def test_load_that_is_killed_again_and_again_is_there_once(tmp_path: Path) -> None:
    keys = [unused_key() for _ in range(10)]
    events = events_for(keys, 2_000)
    with EventService(tmp_path / "data") as service:
        sender = threading.Thread(target=produce, args=[service.client.base_url, events])
        sender.start()
        for _ in range(3):
            service.until(lambda: service.deliveries() > 2)
            service.server.kill9()
            service.server.start()
        sender.join()
        service.wait_until_done(keys)
        service.audit(events)


def produce(base_url: str, events: Sequence[Event]) -> None:
    """Send them a few at a time; what was not acknowledged, again under the same ids."""
    caller, pause = Client(base_url), threading.Event()
    for first in range(0, len(events), 20):
        body = json.dumps([each.encode(keyed=True) for each in events[first : first + 20]])
        for _ in range(1_000):
            with contextlib.suppress(requests.ConnectionError):
                answer = caller.call("POST", f"/{HUB}/messages", data=body, headers=BATCH)
                assert answer.status_code == 201, answer.text
                break
            pause.wait(0.05)  # it is being killed or started
        else:
            raise AssertionError("the hub takes nothing")


@pytest.mark.parametrize("point", ["before_append", "after_append"])
def test_kill_around_a_publication_leaves_nothing_out(tmp_path: Path, point: str) -> None:
    data, key = tmp_path / "data", unused_key()
    events = events_for([key], 60)
    output = {"EO_EVENTS_HUB": ENTRIES_HUB}
    # The first append is that of the producer of the requests, the second the first publishing.
    with EventService(data, environ=output, faults={"kill": {"point": point, "nth": 2}}) as service:
        service.send_and_die(events)
    with EventService(data, environ=output) as service:
        service.wait_until_done([key])
        service.audit(events)
        service.until(lambda: is_complete(service.entries().get(key, []), len(events)))
        check_published(service.entries()[key], service.client.log_of(key))


def is_complete(entries: Sequence[Mapping[str, Any]], last: int) -> bool:
    return {place_of(each["body"]) for each in entries} == set(range(1, last + 1))


def test_mebibyte_of_poison_is_kept_byte_by_byte(tmp_path: Path) -> None:
    data, key = tmp_path / "data", unused_key()
    poison = bytes(range(256)) * (MIB // 256)
    good = events_for([key], 2)
    with EventService(data) as service:
        service.send(good[:1], partition=0)
        url = f"{service.client.base_url}/{HUB}/partitions/0/messages"
        assert requests.post(url, data=poison, timeout=30).status_code == 201
        service.send(good[1:], partition=0)
        service.wait_until_done([key])
        service.audit(good)
        service.rewind()
        service.wait_until_done([key])
        service.audit(good)
        service.server.kill9()
    [letter] = letters(data)
    assert deadletters(data, "show", "--raw", letter) == poison
