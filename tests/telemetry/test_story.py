"""One request id gives its whole story, from the trigger to the output hub, whatever failed."""

import re
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities import emit
from activities.arrivals import Arrivals
from entities.project import Numbered, Project
from publishing.publisher import Publisher
from store.port import Unknown
from store.sqlite import SqliteStore
from tests.activities.emitting import FaultyStore, ShownHub
from tests.e2e.client import Client
from tests.e2e.conftest import GIVEN
from tests.e2e.server import LocalhostProcess
from tests.publishing.memory_producer import MemoryProducer
from tests.telemetry.examples import story
from tests.triggers.noting_hub import NotingHub, until
from tests.triggers.service import Service, read
from todos import TodoRequest
from triggers.announcer import Announcer
from triggers.sweeper import sweep

REQUEST_ID = "1c9e"
MILK = TodoRequest(7, REQUEST_ID, "Buy milk")
BODY = {"projectId": 7, "title": "Buy milk"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "todos.db")
    yield opened
    await opened.close()


async def test_a_request_that_nothing_happens_to(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    service = Service.over(store)
    assert (await service.post(BODY, idempotency_key=REQUEST_ID)).status_code == 201
    await service.hub.idle()
    await Publisher(store.log, store.publications, MemoryProducer()).publish(7)
    assert story(caplog.messages, 7, REQUEST_ID) == [
        ("accepted", None),
        ("created", 1),
        ("published", None),
    ]


async def test_a_crash_after_the_transaction_and_a_repeat(
    store: SqliteStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub loses the request; the sweeper starts over; the answer of the append is lost, and
    so is the process; the next sweep finds the TODO, and the caller repeats the request."""
    caplog.set_level("INFO")
    monkeypatch.setattr(emit, "PAUSES_SECONDS", ())
    before = Service.over(store)
    before.hub.works = False
    later = {"prefer": "respond-async"}
    first = await before.post(BODY, idempotency_key=REQUEST_ID, **later)
    again = await before.post(BODY, idempotency_key=REQUEST_ID, **later)
    assert (first.status_code, again.status_code) == (202, 202)

    soon = datetime.now(UTC) + timedelta(seconds=6)
    await sweep(store, Announcer(), NotingHub(), soon, timedelta(seconds=5))
    await _emit_and_die(store)
    await sweep(store, Announcer(), NotingHub(), soon, timedelta(seconds=5))

    after = Service.over(store)
    repeated = await after.post(BODY, idempotency_key=REQUEST_ID)
    assert (repeated.status_code, read(repeated)["id"]) == (201, 1)
    refused = await after.post({**BODY, "title": "Sell milk"}, idempotency_key=REQUEST_ID)
    assert refused.status_code == 422
    assert story(caplog.messages, 7, REQUEST_ID) == [
        ("accepted", None),
        ("repeated", None),
        ("taken_up", None),
        ("append_not_confirmed", None),
        ("found_in_log", 1),
        ("found_in_log", 1),
        ("replayed", 1),
        ("refused", None),
    ]


async def _emit_and_die(store: SqliteStore) -> None:
    """Append without getting an answer, and clear nothing up."""
    faulty, hub = FaultyStore(store), ShownHub(fails=ConnectionError("gone"))
    hub.show(Project(0, (Numbered(1, MILK),)))
    faulty.log.after = [Unknown("no answer")]

    async def die(*_: object) -> None:
        raise Unknown("gone")

    faulty.inbox = type("Inbox", (), {"remove": die, "get": store.inbox.get})()
    await faulty.emitter(Arrivals()).emit({7: [REQUEST_ID]}, hub)


async def test_others_in_the_same_transaction_are_not_in_it(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    service = Service.over(store)
    items = [{"projectId": 7, "requestId": f"r{n}", "title": f"Buy {n} eggs"} for n in range(60)]
    await service.batch(items)
    await until(lambda: sum("created " in each for each in caplog.messages) == 2)
    await service.hub.idle()
    for number in (0, 48, 49, 59):
        assert story(caplog.messages, 7, f"r{number}") == [
            ("accepted", None),
            ("created", number + 1),
        ]
    assert story(caplog.messages, 8, "r0") == []


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(600):
        if holds():
            return
        pause.wait(0.05)
    raise AssertionError("it is not printed")


@pytest.mark.chaos
@pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed")
def test_it_can_be_read_on_the_console_of_localhost_across_a_kill(tmp_path: Path) -> None:
    settings = {"TODO_SWEEP_AFTER_SECONDS": "1", "TODO_SWEEP_SCHEDULE": "*/1 * * * * *"}
    with LocalhostProcess(tmp_path / "data", "sqlite", settings) as server:
        client = Client(server.base_url)
        with client.session:
            client.post(BODY, idempotency_key=REQUEST_ID, prefer="respond-async")
            wait_until(lambda: "accepted project=7" in server.printed())
            server.kill9()
            server.start()
            for _ in range(2):  # the first may still have to wait for its id
                assert client.post(BODY, idempotency_key=REQUEST_ID).status_code == 201
            wait_until(lambda: "replayed project=7" in server.printed())
        printed = re.findall(r"todos\.decisions: (.*)", server.printed())
    told = story(printed, 7, REQUEST_ID)
    assert told[0] == ("accepted", None)
    assert told[-1] == ("replayed", 1)
    # A process that is killed may take its last lines with it, and never a TODO.
    assert {todo_id for _, todo_id in told} == {None, 1}
    # And with nothing but grep:
    assert len([line for line in printed if f'"{REQUEST_ID}"' in line]) == len(told)
