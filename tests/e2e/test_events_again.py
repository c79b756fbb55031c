"""Events that are delivered again, in whatever batches, make no entry again."""

import random
from pathlib import Path

import pytest

from tests.e2e.client import unused_key
from tests.e2e.conftest import GIVEN, table_environment
from tests.e2e.events import PARTITIONS, Event, EventService, events_for

pytestmark = pytest.mark.skipif(bool(GIVEN), reason="only a hub of our own can be rewound")


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> dict[str, str]:
    return table_environment(request, "tables")


def with_repeats(keys: list[str], count: int, seed: int) -> list[Event]:
    """Requests with ids of their own; of every 20 a producer sends one again, sooner or later."""
    chance = random.Random(seed)
    sent = events_for(keys, count, seed=seed)
    for event in chance.sample(sent, count // 20):
        sent.insert(chance.randrange(len(sent)), event)
    return sent


def rewound(service: EventService, events: list[Event]) -> None:
    """Send, wait, audit; deliver all of it again, and find nothing changed."""
    keys = {each.key for each in events}
    service.send(events)
    service.wait_until_done(keys)
    before = service.logs(keys)
    service.audit(events)
    service.rewind()
    service.wait_until_done(keys)
    assert service.logs(keys) == before


def test_hub_rewound_to_its_beginning_makes_nothing(tmp_path: Path) -> None:
    events = with_repeats([unused_key() for _ in range(50)], 2_000, seed=20)
    with EventService(tmp_path / "data") as service:
        rewound(service, events)


@pytest.mark.azurite
def test_hub_rewound_makes_nothing_in_tables(tmp_path: Path, tables: dict[str, str]) -> None:
    events = with_repeats([unused_key() for _ in range(5)], 400, seed=21)
    with EventService(tmp_path / "data", "tables", tables) as service:
        rewound(service, events)


def test_events_without_id_in_other_batches_are_the_same(tmp_path: Path) -> None:
    keys = [unused_key() for _ in range(3)]
    events = events_for(keys, 300, named=False)
    with EventService(tmp_path / "data") as service:
        service.send(events)
        service.wait_until_done(keys)
        before = service.logs(keys)
        service.audit(events)
        service.server.stop()
    cut = {"event_hub_batch_cut": True, "seed": 5}
    with EventService(tmp_path / "data", faults=cut) as service:
        for _ in range(3):
            service.rewind()
            service.wait_until_done(keys)
        assert service.logs(keys) == before
        assert service.deliveries() > 3 * PARTITIONS


def test_partitions_that_carry_one_key_share_its_places(tmp_path: Path) -> None:
    key = unused_key()
    first, second, both = (events_for([key], 200, seed=seed) for seed in (1, 2, 3))
    with EventService(tmp_path / "data") as service:
        service.send([*first, *both], 0)
        service.send([*second, *both], 1)
        service.wait_until_done([key])
        logs = service.logs([key])
        service.audit([*first, *second, *both])
        service.rewind()
        service.wait_until_done([key])
        assert service.logs([key]) == logs
