"""The orchestration that serves requests nobody waits for: started, finished, and purged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.asked import requests_for
from tests.e2e.client import BATCH, Client, unused_key
from tests.e2e.conftest import GIVEN
from tests.e2e.server import LocalhostProcess, wait_until

pytestmark = pytest.mark.skipif(bool(GIVEN), reason="looks into the task hub of its own service")

AT_ONCE = {"EO_PURGE_SCHEDULE": "*/1 * * * * *", "EO_PURGE_AFTER_HOURS": "0.0001"}
NEVER = {"EO_SWEEP_SCHEDULE": "0 0 0 1 1 *", "EO_SWEEP_AFTER_SECONDS": "3600"}
"""So that nobody else finishes what the orchestration should."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalhostProcess]:
    with LocalhostProcess(tmp_path / "data", environ={**AT_ONCE, **NEVER}) as server:
        yield server


def test_orchestration_finishes_a_batch_and_is_purged(server: LocalhostProcess) -> None:
    client, key = Client(server.base_url), unused_key()
    asked = requests_for([key], 50)
    assert client.post([each.item() for each in asked], BATCH).status_code == 202
    wait_until(lambda: client.pending(key) == 0, "something stays pending")
    assert len(client.log_of(key)) == len(asked)
    assert hub_of(server)["starts"] > 0
    wait_until(lambda: hub_of(server).get("hub.purge", 0) > 0, "nothing was purged")
    wait_until(lambda: not orchestrations(server), "an orchestration stays")


def hub_of(server: LocalhostProcess) -> dict[str, Any]:
    told = requests.get(f"{server.base_url}/admin/localhost", timeout=60).json()
    hub: dict[str, Any] = told["statistics"]["hub"]
    return hub


def orchestrations(server: LocalhostProcess) -> list[str]:
    url = f"{server.base_url}/runtime/webhooks/durabletask/instances"
    ids = [str(each["instanceId"]) for each in requests.get(url, timeout=60).json()]
    return [each for each in ids if not each.startswith("@")]
