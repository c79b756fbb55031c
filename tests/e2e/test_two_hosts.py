"""Two hosts on one data folder die in turn under load: nothing is lost, moved or doubled."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.asked import requests_for
from tests.e2e.audit import audit
from tests.e2e.client import Client, unused_key
from tests.e2e.conftest import GIVEN, table_environment
from tests.e2e.load import Load
from tests.e2e.server import SOON, LocalhostProcess

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

REQUESTS = {"sqlite": 900, "tables": 200}
"""Azurite takes fewer a second."""
KEYS = 10

Hosts = tuple[LocalhostProcess, LocalhostProcess]


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosts]:
    """The owner and its standby."""
    environ = {**table_environment(request, request.param), **SOON}
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(
                LocalhostProcess(tmp_path / "data", request.param, environ, standby=True)
            )
            for _ in range(2)
        )
        yield first, second


def test_hosts_that_die_in_turn_repeat_the_same_answers(hosts: Hosts) -> None:
    first, second = hosts
    assert (first.role(), second.role()) == ("owner", "standby")
    count = REQUESTS[first.storage]
    load = Load(requests_for([unused_key() for _ in range(KEYS)], count))
    sender = load.start(*(each.base_url for each in hosts))
    for share, (dying, living) in (0.2, (first, second)), (0.5, (second, first)):
        load.wait_for_answers(int(count * share))
        assert living.role() == "standby"
        dying.kill9()
        living.wait_until_owner()
        dying.start()
    sender.join()
    assert (first.role(), second.role()) == ("owner", "standby")
    for each in hosts:
        load.check(Client(each.base_url))
    load.repeat(second.base_url)
    load.check(Client(first.base_url))
    audit(first)


def test_second_host_that_was_not_told_to_share_is_refused(tmp_path: Path) -> None:
    second = LocalhostProcess(tmp_path / "data")
    refused = pytest.raises(AssertionError, match="in use by another localhost")
    with LocalhostProcess(tmp_path / "data"), refused:
        second.start()
