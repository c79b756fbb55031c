"""Events that are delivered again, in whatever batches, make no TODO again."""

import random
from pathlib import Path

import pytest

from tests.e2e.client import unused_project
from tests.e2e.conftest import GIVEN, table_environment
from tests.e2e.events import PARTITIONS, Event, EventService, audit

pytestmark = pytest.mark.skipif(bool(GIVEN), reason="only a hub of our own can be rewound")


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> dict[str, str]:
    return table_environment(request, "tables")


def with_repeats(projects: list[int], count: int, seed: int) -> list[Event]:
    """Requests with ids of their own; of every 20 a producer sends one again, sooner or later."""
    chance = random.Random(seed)
    sent = [Event(chance.choice(projects), f"Buy {n} eggs", f"r{n}") for n in range(count)]
    for event in chance.sample(sent, count // 20):
        sent.insert(chance.randrange(len(sent)), event)
    return sent


def rewound(service: EventService, events: list[Event]) -> None:
    """Send, wait, audit; deliver all of it again, and find nothing changed."""
    projects = {each.project_id for each in events}
    service.send(events)
    service.wait_until_done(projects)
    before = service.logs(projects)
    audit(before, events)
    service.rewind()
    service.wait_until_done(projects)
    assert service.logs(projects) == before


def test_a_hub_of_5000_events_rewound_to_its_beginning_makes_no_todo(tmp_path: Path) -> None:
    events = with_repeats([unused_project() for _ in range(50)], 5_000, seed=20)
    with EventService(tmp_path / "data") as service:
        rewound(service, events)


@pytest.mark.azurite
def test_a_hub_rewound_to_its_beginning_makes_no_todo_in_tables(
    tmp_path: Path, tables: dict[str, str]
) -> None:
    events = with_repeats([unused_project() for _ in range(5)], 400, seed=21)
    with EventService(tmp_path / "data", "tables", tables) as service:
        rewound(service, events)


def test_events_without_an_id_are_the_same_requests_in_other_batches(tmp_path: Path) -> None:
    projects = [unused_project() for _ in range(3)]
    events = [Event(projects[n % 3], f"Buy {n} eggs") for n in range(300)]
    with EventService(tmp_path / "data") as service:
        service.send(events)
        service.wait_until_done(projects)
        before = service.logs(projects)
        service.server.stop()
    audit(before, events)
    cut = {"event_hub_batch_cut": True, "seed": 5}
    with EventService(tmp_path / "data", faults=cut) as service:
        for _ in range(3):
            service.rewind()
            service.wait_until_done(projects)
        assert service.logs(projects) == before
        assert service.deliveries() > 3 * PARTITIONS


def test_partitions_that_carry_one_project_share_its_ids(tmp_path: Path) -> None:
    project_id = unused_project()
    own = [[Event(project_id, f"{p}-{n}", f"{p}-{n}") for n in range(200)] for p in range(2)]
    both = [Event(project_id, f"both-{n}", f"both-{n}") for n in range(200)]
    with EventService(tmp_path / "data") as service:
        for partition in range(2):
            service.send([*own[partition], *both], partition)
        service.wait_until_done([project_id])
        logs = service.logs([project_id])
        audit(logs, [*own[0], *own[1], *both])
        service.rewind()
        service.wait_until_done([project_id])
        assert service.logs([project_id]) == logs
