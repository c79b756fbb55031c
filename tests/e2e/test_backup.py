"""A copy of a service under load, restored, served, and asked again for everything."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domain_under_test import MODULE
from tests.e2e.asked import requests_for
from tests.e2e.audit import audit
from tests.e2e.client import Client, unused_key
from tests.e2e.conftest import GIVEN
from tests.e2e.load import Load
from tests.e2e.server import APP, SOON, LocalhostProcess

pytestmark = pytest.mark.skipif(bool(GIVEN), reason="needs the files of a service of its own")

REQUESTS = 400
KEYS = 6


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[LocalhostProcess, LocalhostProcess]]:
    """One at work; and one that is not started, for what is restored."""
    restored = LocalhostProcess(tmp_path / "restored", "sqlite", SOON)
    with LocalhostProcess(tmp_path / "data", "sqlite", SOON) as server:
        yield server, restored
    if restored.is_running:
        restored.stop()


def backup(server: LocalhostProcess, *arguments: str) -> None:
    command = [sys.executable, "-m", "tools.backup", "--domain", MODULE]
    command += ["--store", f"sqlite:{server.data / 'store.db'}", *arguments]
    done = subprocess.run(command, check=False, cwd=APP, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_copy_under_load_is_a_service_without_its_last_moments(
    servers: tuple[LocalhostProcess, LocalhostProcess], tmp_path: Path
) -> None:
    server, restored = servers
    load = Load(requests_for([unused_key() for _ in range(KEYS)], REQUESTS))
    sender = load.start(server.base_url)
    load.wait_for_answers(REQUESTS // 6)
    answered = dict(load.answers)
    backup(server, "copy", str(tmp_path / "copy"))
    sender.join()
    load.check(Client(server.base_url))
    restored.data.mkdir()
    backup(restored, "restore", str(tmp_path / "copy"))
    restored.start()
    again = Load(load.asked)
    again.send(restored.base_url)
    again.check(Client(restored.base_url))
    # What was answered before the copy began was in it, and so has its id again.
    assert {asked: again.answers[asked] for asked in answered} == answered
    audit(restored)
