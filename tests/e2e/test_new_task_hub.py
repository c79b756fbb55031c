"""Another task hub, without draining the old one: nothing is lost, doubled or moved.

A hub of `localhost` is the file `taskhub.db` of its data folder, whatever its name is.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.asked import requests_for
from tests.e2e.audit import audit
from tests.e2e.client import BATCH, Client, unused_key
from tests.e2e.conftest import GIVEN, table_environment
from tests.e2e.load import Load
from tests.e2e.server import SOON, LocalhostProcess

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started has a new hub"),
]

REQUESTS = 300
KEYS = 6
HUB_NAME = "EO_TASK_HUB"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalhostProcess]:
    with LocalhostProcess(tmp_path / "data", "sqlite", SOON) as server:
        yield server


def hub_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("taskhub.db*"))


def change_hub(server: LocalhostProcess, name: str) -> None:
    """Deploy with another name: the old hub stays as it was left, one of that name is taken up."""
    kept = server.data.with_name("hubs")
    server.stop()
    left = kept / server.environ.get(HUB_NAME, "Local")
    left.mkdir(parents=True)
    server.lose_task_hub(left)
    for file in hub_files(kept / name):
        file.rename(server.data / file.name)
    server.environ[HUB_NAME] = name
    server.start()


def delete_hub(server: LocalhostProcess) -> None:
    """Lose it at work, and start with an empty one."""
    server.kill9()
    server.lose_task_hub()
    server.start()


def load_of(count: int) -> Load:
    return Load(requests_for([unused_key() for _ in range(KEYS)], count))


def test_hub_deleted_and_replaced_under_load_loses_nothing(server: LocalhostProcess) -> None:
    load = load_of(REQUESTS)
    sender = load.start(server.base_url)
    load.wait_for_answers(REQUESTS // 5)
    delete_hub(server)
    load.wait_for_answers(REQUESTS * 2 // 5)
    change_hub(server, "Other")
    load.wait_for_answers(REQUESTS * 3 // 5)
    # Back to a hub of the past: its entities and messages tell of what the log has long had.
    change_hub(server, "Local")
    sender.join()
    client = Client(server.base_url)
    load.check(client)
    load.repeat(server.base_url)
    load.check(client)
    audit(server)


@pytest.fixture
def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[LocalhostProcess, LocalhostProcess]]:
    """The old and the new deployment: a hub each, one store."""
    environ = {**table_environment(request, "tables"), **SOON}
    old = LocalhostProcess(tmp_path / "old", "tables", environ)
    with old, LocalhostProcess(tmp_path / "new", "tables", environ) as new:
        yield old, new


@pytest.mark.azurite
def test_two_hubs_at_work_on_one_log_agree_undrained(
    pair: tuple[LocalhostProcess, LocalhostProcess],
) -> None:
    old, new = pair
    load = load_of(REQUESTS // 3)
    sender = load.start(old.base_url)
    load.repeat(new.base_url)  # every request is asked of both at the same time
    sender.join()
    client = Client(new.base_url)
    load.check(client)
    late = Load(requests_for([unused_key()], REQUESTS // 3))
    accepted = Client(old.base_url).post([each.item() for each in late.asked], BATCH)
    assert accepted.status_code == 202
    old.kill9()  # with all that its hub has not done yet
    late.send(new.base_url)
    late.check(client)
    audit(new)
