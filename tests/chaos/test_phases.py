"""`make chaos`, small: the same runs with a few kills."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.phases import Plan, apart, one_host, two_hosts
from tests.e2e.conftest import GIVEN
from tools.audit.findings import CONSISTENT

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

SECONDS_MAX = 100.0


def plan(folder: Path, hub_losses: int = 0) -> Plan:
    deadline = time.monotonic() + SECONDS_MAX
    return Plan(folder=folder, seed="4", kills=3, hub_losses=hub_losses, deadline=deadline)


def test_one_host_killed_again_and_again_keeps_every_promise(tmp_path: Path) -> None:
    counted = one_host(plan(tmp_path, hub_losses=1))
    assert "1 task hubs lost" in counted
    assert "operations of a history that is linear" in counted


@pytest.mark.azurite
def test_host_on_tables_killed_keeps_every_promise(tmp_path: Path, tables_account: str) -> None:
    environ = {"EO_TABLES": tables_account}
    counted = one_host(replace(plan(tmp_path), storage="tables", environ=environ))
    assert f"Restored from a copy: {CONSISTENT}" in counted


@pytest.mark.sdk1  # there is no standby for 2.x
def test_two_hosts_that_die_in_turn_keep_every_promise(tmp_path: Path) -> None:
    assert CONSISTENT in two_hosts(plan(tmp_path))


def test_functions_apart_that_die_keep_every_promise(tmp_path: Path) -> None:
    assert CONSISTENT in apart(plan(tmp_path))
