"""kill -9 in the middle of a load: nothing that was acknowledged is lost, moved or doubled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.asked import requests_for
from tests.e2e.audit import audit
from tests.e2e.client import BATCH, Client, unused_key
from tests.e2e.conftest import GIVEN, table_environment
from tests.e2e.load import Load
from tests.e2e.server import SOON, LocalhostProcess, wait_until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

REQUESTS = 600
KEYS = 10

hub_is_kept_or_lost = pytest.mark.parametrize(
    "hub_is_lost", [False, True], ids=["hub kept", "hub lost"]
)


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalhostProcess]:
    environ = {**table_environment(request, request.param), **SOON}
    with LocalhostProcess(tmp_path / "data", request.param, environ) as server:
        yield server


@hub_is_kept_or_lost
def test_load_that_survives_kill_9_repeats_the_same_answers(
    server: LocalhostProcess, *, hub_is_lost: bool
) -> None:
    load = Load(requests_for([unused_key() for _ in range(KEYS)], REQUESTS))
    sender = load.start(server.base_url)
    for share in (0.2, 0.4, 0.6):
        load.wait_for_answers(int(REQUESTS * share))
        server.kill9()
        if hub_is_lost:
            server.lose_task_hub()
        server.start()
    sender.join()
    client = Client(server.base_url)
    load.check(client)
    load.repeat(server.base_url)
    load.check(client)
    audit(server)


def test_load_survives_kill_9_of_the_worker(server: LocalhostProcess) -> None:
    load = Load(requests_for([unused_key() for _ in range(KEYS)], REQUESTS))
    sender = load.start(server.base_url)
    for share in (0.2, 0.4):
        load.wait_for_answers(int(REQUESTS * share))
        server.kill9_worker()
    sender.join()
    load.check(Client(server.base_url))
    load.repeat(server.base_url)
    load.check(Client(server.base_url))
    audit(server)


@hub_is_kept_or_lost
def test_accepted_batch_is_done_after_a_restart_unasked(
    server: LocalhostProcess, *, hub_is_lost: bool
) -> None:
    client, key = Client(server.base_url), unused_key()
    load = Load(requests_for([key], REQUESTS))
    assert client.post([each.item() for each in load.asked], BATCH).status_code == 202
    server.kill9()
    if hub_is_lost:
        server.lose_task_hub()
    server.start()
    wait_until(lambda: client.pending(key) == 0, "something stays pending")
    assert len(client.log_of(key)) == REQUESTS
    load.send(server.base_url)
    load.check(client)
    audit(server)
