"""Two hosts on one data folder die in turn under load: nothing is lost, moved or doubled."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.audit import audit
from tests.e2e.client import Client, unused_project
from tests.e2e.conftest import GIVEN, table_environment
from tests.e2e.load import Load, requests_for
from tests.e2e.server import LocalhostProcess

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

REQUESTS = {"sqlite": 900, "tables": 200}
"""Azurite takes some thirty a second."""
PROJECTS = 10

Hosts = tuple[LocalhostProcess, LocalhostProcess]


@pytest.fixture(params=["sqlite", "tables"])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosts]:
    """The owner and its standby."""
    environ = {**table_environment(request, request.param), "EO_SWEEP_AFTER_SECONDS": "3"}
    environ["EO_SWEEP_SCHEDULE"] = "*/1 * * * * *"
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(
                LocalhostProcess(tmp_path / "data", request.param, environ, standby=True)
            )
            for _ in range(2)
        )
        yield first, second


def test_each_takes_over_from_the_other_and_repeats_get_their_todo(hosts: Hosts) -> None:
    first, second = hosts
    assert (first.role(), second.role()) == ("owner", "standby")
    count = REQUESTS[first.storage]
    load = Load(requests_for([unused_project() for _ in range(PROJECTS)], count))
    sender = threading.Thread(target=load.send, args=[each.base_url for each in hosts])
    sender.start()
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
    again = Load(load.asked)
    again.send(second.base_url)
    for asked, ids in again.answers.items():
        load.answers[asked] += ids
    load.check(Client(first.base_url))
    audit(first)


def test_a_second_host_that_was_not_told_to_share_is_refused(tmp_path: Path) -> None:
    second = LocalhostProcess(tmp_path / "data")
    refused = pytest.raises(AssertionError, match="in use by another localhost")
    with LocalhostProcess(tmp_path / "data"), refused:
        second.start()
