"""What the real code counts, as an exporter gets it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from publishing.lag import Lag
from store.port import Conflict, Unknown
from store.publications_port import Marker
from store.sqlite import SqliteStore
from telemetry import decisions
from tests.activities.emitting import PROJECT, FaultyStore, ShownHub, showing
from tests.publishing.memory_producer import MemoryProducer, Way
from tests.publishing.parts import backlog, begin
from tests.store.examples import NOON
from tests.telemetry.examples import DECISIONS, METRICS
from tests.telemetry.measured import Measured
from tests.triggers.deliveries import Sent, todo_event
from tests.triggers.event_service import EventService
from tests.triggers.noting_hub import NotingHub
from tests.triggers.scripted_store import Before, ScriptedStore
from tests.triggers.service import Service
from todos import TodoRequest
from triggers.announcer import Announcer
from triggers.sweeper import PROJECTS_AT_ONCE_MAX, sweep

AGE = timedelta(seconds=5)
MILK = TodoRequest(7, "milk", "Buy milk")
RENT = TodoRequest(7, "rent", "Pay the rent")
COWS = TodoRequest(8, "cows", "Milk the cows")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "todos.db")
    yield opened
    await opened.close()


def test_all_metrics_and_their_attributes_are_known(measured: Measured) -> None:
    for decide in DECISIONS.values():
        decide()
    decisions.outbox_read(3)
    found = {
        name: frozenset(key for point in metric.data.data_points for key in point.attributes or ())
        for name, metric in measured.metrics().items()
    }
    assert found == METRICS


def test_no_attribute_is_one_that_a_caller_chooses(measured: Measured) -> None:
    for number in range(100):
        decisions.replayed(number, number, f"request-{number}")
        decisions.accepted(number, [f"request-{number}"])
        decisions.refused(number, "OTHER_CONTENT", f"request-{number}")
        decisions.event_dead(f"hub/0/{number}", "invalid-body", f"request-{number}")
        decisions.append_settled(number, {f"request-{number}": number}, 1)
    for metric in measured.metrics().values():
        assert len(metric.data.data_points) == 1


async def test_a_request_and_its_repeats_are_counted_as_what_they_are(
    store: SqliteStore, measured: Measured
) -> None:
    service = Service.over(store)
    service.hub.works = False
    body = {"projectId": 7, "title": "Buy milk"}
    later = {"prefer": "respond-async"}
    for _ in range(3):  # two of them while the first waits
        await service.post(body, idempotency_key="milk", **later)
    assert measured.sums() == {"todos.requests.accepted": 1, "todos.requests.duplicates": 2}
    service.hub.works = True
    await service.post(body, idempotency_key="rent")
    await service.hub.idle()
    await service.post(body, idempotency_key="rent")
    await service.post({**body, "title": "Sell milk"}, idempotency_key="rent")
    sums = measured.sums()
    assert sums["todos.requests.accepted"] == 1
    assert sums["todos.requests.duplicates"] == 1
    assert sums["todos.requests.refused"] == 1
    assert sums["todos.created"] == 1
    assert sums["todos.outbox.depth"] == 1


async def test_repeats_in_one_batch_are_duplicates(store: SqliteStore, measured: Measured) -> None:
    service = Service.over(store)
    service.hub.works = False
    item = {"projectId": 7, "requestId": "milk", "title": "Buy milk"}
    await service.batch([item] * 5)
    assert measured.sums() == {"todos.requests.accepted": 1, "todos.requests.duplicates": 4}


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [(None, Unknown("lost"), 1), (Unknown("lost"), None, 0), (Conflict("head"), None, 0)],
)
async def test_an_append_without_a_confirmation_is_settled_by_looking(
    store: SqliteStore,
    measured: Measured,
    before: Exception | None,
    after: Exception | None,
    written: int,
) -> None:
    faulty, hub = FaultyStore(store), ShownHub()
    await faulty.accept("a")
    hub.show(showing("a"))
    faulty.log.before, faulty.log.after = [before], [after]
    assert await faulty.emitter().emit({PROJECT: ["a"]}, hub) == []
    assert measured.points("todos.conflicts.settled") == [(1, {"written": bool(written)})]


async def test_ids_that_the_log_corrects_are_counted(
    store: SqliteStore, measured: Measured
) -> None:
    faulty, hub = FaultyStore(store), ShownHub()
    await faulty.append("older")
    await faulty.accept("a", "b")
    hub.show(showing("a", "b"))  # numbered from 1, by an entity that has forgotten
    await faulty.emitter().emit({PROJECT: ["a", "b"]}, hub)
    assert measured.sums()["todos.ids.corrected"] == 2
    assert await faulty.logged() == ["older", "a", "b"]


async def test_the_age_of_the_oldest_request_is_that_of_one_not_in_the_log(
    store: SqliteStore, measured: Measured
) -> None:
    scripted = ScriptedStore(store)
    await scripted.finish(MILK)
    await scripted.put(MILK, at=NOON)  # in the log: only not cleared up
    await scripted.put(RENT, at=NOON + timedelta(seconds=10))
    await scripted.put(COWS, at=NOON + timedelta(seconds=40))
    await sweep(scripted, Announcer(), NotingHub(), NOON + timedelta(seconds=70), AGE)
    sums = measured.sums()
    assert sums["todos.inbox.oldest"] == 60
    assert sums["todos.inbox.waiting"] == 3


@pytest.mark.parametrize(
    ("failing", "seconds"),
    [(["log.find"], 60), (["log.find", "inbox.accepted_at"], AGE.total_seconds())],
)
async def test_a_project_that_fails_has_an_age_all_the_same(
    store: SqliteStore, measured: Measured, failing: list[str], seconds: float
) -> None:
    scripted = ScriptedStore(store)
    await scripted.put(RENT, at=NOON)
    scripted.script.update({call: [Before(Unknown("no answer"))] for call in failing})
    await sweep(scripted, Announcer(), NotingHub(), NOON + timedelta(seconds=60), AGE)
    assert measured.sums()["todos.inbox.oldest"] == seconds


async def test_ages_that_cannot_be_read_hold_up_no_project(
    store: SqliteStore, measured: Measured
) -> None:
    scripted, projects = ScriptedStore(store), 3 * PROJECTS_AT_ONCE_MAX
    await scripted.put(*(TodoRequest(n, "r", "Buy milk") for n in range(1, projects + 1)), at=NOON)
    scripted.script["inbox.accepted_at"] = [Before(Unknown("no answer"))] * projects
    assert await sweep(scripted, Announcer(), NotingHub(), NOON + 2 * AGE, AGE) == projects
    assert measured.sums()["todos.inbox.oldest"] == AGE.total_seconds()


async def test_when_nothing_waits_the_age_is_0(store: SqliteStore, measured: Measured) -> None:
    scripted = ScriptedStore(store)
    await sweep(scripted, Announcer(), NotingHub(), NOON, AGE)
    assert measured.sums() == {"todos.inbox.oldest": 0, "todos.inbox.waiting": 0}


async def test_dead_events_are_counted_by_what_is_wrong_with_them(
    store: SqliteStore, measured: Measured
) -> None:
    service = EventService.over(store)
    await service.receive(Sent(b"{", 0), todo_event(7, "Buy milk", 1), Sent(b"[]", 2))
    assert measured.points("todos.events.dead") == [(2, {"code": "invalid-body"})]


async def test_publishing_is_behind_for_as_long_as_it_fails(
    store: SqliteStore, measured: Measured
) -> None:
    producer = MemoryProducer()
    for project_id in (7, 8):
        await begin(store, project_id, 3)
    producer.way = Way.BEFORE
    rounds = backlog(store, producer, NOON + timedelta(seconds=130))
    await rounds.publish()
    sums = measured.sums()
    assert (sums["todos.publish.lag"], sums["todos.publish.behind"]) == (130, 2)
    producer.way = Way.WELL
    await rounds.publish()
    sums = measured.sums()
    assert (sums["todos.publish.lag"], sums["todos.publish.behind"]) == (0, 0)
    assert sums["todos.published"] == 6


def test_a_busy_project_that_cannot_be_published_does_not_look_young() -> None:
    lag = Lag()
    for minute in range(10):  # every append sets its marker again
        lag.begin([Marker(7, NOON + timedelta(minutes=minute), str(minute))])
    assert lag.oldest(NOON + timedelta(minutes=10)) == timedelta(minutes=10)
    lag.caught_up(7)
    lag.begin([Marker(7, NOON + timedelta(minutes=10), "10")])
    assert lag.oldest(NOON + timedelta(minutes=11)) == timedelta(minutes=1)


def test_a_project_that_somebody_else_published_is_forgotten() -> None:
    lag = Lag()
    lag.begin([Marker(7, NOON, "1"), Marker(8, NOON, "1")])
    lag.begin([Marker(8, NOON, "1")])
    assert lag.since == {8: NOON}
