"""kill -9 in the middle of a load: nothing that was acknowledged is lost, moved or doubled."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.audit import audit
from tests.e2e.client import Client, unused_project
from tests.e2e.conftest import GIVEN, table_environment
from tests.e2e.load import Asked, Load, requests_for
from tests.e2e.server import LocalhostProcess

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

REQUESTS = 600
PROJECTS = 10


@pytest.fixture(params=["sqlite", "tables"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalhostProcess]:
    environ = {**table_environment(request, request.param), "EO_SWEEP_AFTER_SECONDS": "3"}
    environ["EO_SWEEP_SCHEDULE"] = "*/1 * * * * *"
    with LocalhostProcess(tmp_path / "data", request.param, environ) as server:
        yield server


def sent(load: Load, server: LocalhostProcess) -> threading.Thread:
    sender = threading.Thread(target=load.send, args=[server.base_url])
    sender.start()
    return sender


def repeat(load: Load, client: Client) -> None:
    """Send everything again, with the same keys, as a client does who lost all answers."""
    again = Load(load.asked)
    again.send(client.base_url)
    for asked, ids in again.answers.items():
        load.answers[asked] += ids


@pytest.mark.parametrize("hub_is_lost", [False, True], ids=["hub kept", "hub lost"])
def test_a_load_survives_kill_9_and_every_repeat_gets_its_todo(
    server: LocalhostProcess, *, hub_is_lost: bool
) -> None:
    load = Load(requests_for([unused_project() for _ in range(PROJECTS)], REQUESTS))
    sender = sent(load, server)
    for share in (0.2, 0.4, 0.6):
        load.wait_for_answers(int(REQUESTS * share))
        server.kill9()
        if hub_is_lost:
            server.lose_task_hub()
        server.start()
    sender.join()
    client = Client(server.base_url)
    load.check(client)
    repeat(load, client)
    load.check(client)
    audit(server)


@pytest.mark.parametrize("hub_is_lost", [False, True], ids=["hub kept", "hub lost"])
def test_what_was_accepted_is_finished_after_a_restart_though_nobody_asks_again(
    server: LocalhostProcess, *, hub_is_lost: bool
) -> None:
    client = Client(server.base_url)
    project_id = unused_project()
    batch: list[dict[str, Any]] = [
        {"projectId": project_id, "requestId": f"r{n}", "title": f"Buy {n} eggs"}
        for n in range(REQUESTS)
    ]
    accepted = client.post(batch, "/api/todos/batch")
    assert accepted.status_code == 202
    server.kill9()
    if hub_is_lost:
        server.lose_task_hub()
    server.start()
    wait_until_nothing_is_pending(client, project_id)
    titles = sorted(todo["title"] for todo in client.log_of(project_id))
    assert titles == sorted(item["title"] for item in batch)
    load = Load([Asked(project_id, i["requestId"], i["title"]) for i in batch])
    load.send(server.base_url)
    load.check(client)
    audit(server)


def wait_until_nothing_is_pending(client: Client, project_id: int) -> None:
    pause = threading.Event()
    for _ in range(600):
        if client.get(f"/api/projects/{project_id}").json()["pending"] == 0:
            return
        pause.wait(0.1)
    raise AssertionError("something stays pending")
