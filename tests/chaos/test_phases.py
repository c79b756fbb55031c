"""`make chaos`, small: the same two runs with a few kills."""

import time
from pathlib import Path

import pytest

from tests.chaos.phases import one_host, two_hosts
from tests.e2e.conftest import GIVEN

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

SECONDS_MAX = 100.0


def test_one_host_that_is_killed_again_and_again_keeps_every_promise(tmp_path: Path) -> None:
    counted = one_host(tmp_path, "4", 3, 1, time.monotonic() + SECONDS_MAX)
    assert "1 task hubs lost" in counted


def test_two_hosts_that_die_in_turn_keep_every_promise(tmp_path: Path) -> None:
    counted = two_hosts(tmp_path, "4", 3, time.monotonic() + SECONDS_MAX)
    assert "owners killed beside a standby" in counted
