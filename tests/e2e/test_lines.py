"""Lines of the log arrive: the host drops what is written after an invocation has ended."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.asked import Asked, requests_for
from tests.e2e.client import Client, unused_key
from tests.e2e.conftest import GIVEN
from tests.e2e.load import Load
from tests.e2e.server import SOON, LocalhostProcess

pytestmark = pytest.mark.skipif(bool(GIVEN), reason="reads what the host prints")

REQUESTS = 120
LINE = re.compile(r"effectively_once: (accepted|created) .*?requests=\[([^\]]*)\]")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalhostProcess]:
    with LocalhostProcess(tmp_path / "data", "sqlite", SOON) as server:
        yield server


def mentions(printed: str, asked: list[Asked]) -> Counter[str]:
    """Of how many of the requests each decision was printed."""
    ids = {each.request_id for each in asked}
    named = {
        (decision, request_id)
        for decision, requests in LINE.findall(printed)
        for request_id in re.findall(r'"([^"]*)"', requests)
    }
    return Counter(decision for decision, request_id in named if request_id in ids)


def test_requests_that_share_work_are_all_in_the_log(server: LocalhostProcess) -> None:
    # One key: requests share the transactions of intake and of the log, and the lines of those.
    load = Load(requests_for([unused_key()], REQUESTS))
    load.send(server.base_url)
    load.check(Client(server.base_url))
    server.stop()
    assert mentions(server.printed(), list(load.asked)) == {
        "accepted": REQUESTS,
        "created": REQUESTS,
    }
