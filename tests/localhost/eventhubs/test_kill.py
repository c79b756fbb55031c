"""What survives kill -9 of the host, at every point around the two effects of an event hub."""

import contextlib
import threading
from pathlib import Path

import pytest
import requests

from tests.localhost.eventhubs.process import HostProcess, host_process, write_app

pytestmark = pytest.mark.chaos


def _bodies(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def _all(host: HostProcess) -> set[str]:
    return {body for bodies in host.bodies().values() for body in bodies}


def _send(host: HostProcess, *bodies: str) -> None:
    """Send to a host that may be dead before it answers: events are delivered at once."""
    with contextlib.suppress(requests.ConnectionError):
        assert host.send_batch(*bodies) == 201


def test_an_event_that_was_answered_201_survives(tmp_path: Path) -> None:
    app = write_app(tmp_path / "app")
    acknowledged: set[str] = set()

    def produce(host: HostProcess, name: int) -> None:
        for number in range(1000):
            body = f"{name}-{number}"
            try:
                if host.send(body) == 201:
                    acknowledged.add(body)
            except requests.ConnectionError:
                return

    with host_process(app) as host:
        producers = [threading.Thread(target=produce, args=(host, name)) for name in range(4)]
        for producer in producers:
            producer.start()
        host.wait_until_processed()
        while len(acknowledged) < 50:
            assert host.process.poll() is None
        host.kill()
        for producer in producers:
            producer.join()
    with host_process(app) as host:
        kept = _all(host)
        host.wait_until_processed()
    assert acknowledged <= kept
    assert len(kept - acknowledged) <= 4  # what was on its way
    delivered = {body for batch in host.seen() for body in batch}
    assert delivered == kept


def test_a_kill_before_the_append_leaves_nothing(tmp_path: Path) -> None:
    app = write_app(tmp_path / "app")
    with host_process(app, faults={"kill": {"point": "before_append", "nth": 2}}) as host:
        assert host.send("kept") == 201
        with pytest.raises(requests.ConnectionError):
            host.send("lost")
    with host_process(app) as host:
        assert _all(host) == {"kept"}


def test_kill_after_append_keeps_unacknowledged_events(tmp_path: Path) -> None:
    app = write_app(tmp_path / "app")
    with (
        host_process(app, faults={"kill": {"point": "after_append"}}) as host,
        pytest.raises(requests.ConnectionError),
    ):
        host.send_batch("a", "b")
    with host_process(app) as host:
        assert list(host.bodies().values()) == [["a", "b"]]
        host.wait_until_processed()
        assert host.seen() == [["a", "b"]]


@pytest.mark.parametrize("point", ["before_run", "before_checkpoint"])
def test_kill_before_checkpoint_redelivers_in_other_batches(tmp_path: Path, point: str) -> None:
    app = write_app(tmp_path / "app")
    with host_process(app, faults={"kill": {"point": point}}) as host:
        _send(host, *_bodies(40))
        host.wait_until_killed()
    first_life = host.seen()
    assert first_life == ([] if point == "before_run" else [_bodies(40)])
    with host_process(app, faults={"event_hub_batch_cut": True, "seed": 3}) as host:
        host.wait_until_processed()
    second_life = host.seen()[len(first_life) :]
    assert len(second_life) > 1
    assert [body for batch in second_life for body in batch] == _bodies(40)


def test_a_kill_after_the_checkpoint_delivers_nothing_again(tmp_path: Path) -> None:
    app = write_app(tmp_path / "app")
    with host_process(app, faults={"kill": {"point": "after_checkpoint"}}) as host:
        _send(host, *_bodies(5))
        host.wait_until_killed()
    with host_process(app) as host:
        assert host.send_batch("next") == 201
        host.wait_until_processed()
    assert host.seen() == [_bodies(5), ["next"]]


def test_kill_redelivers_the_running_batch_and_nothing_before(tmp_path: Path) -> None:
    small = {"extensions": {"eventHubs": {"maxEventBatchSize": 10}}}
    app = write_app(tmp_path / "app", small)
    with host_process(app, faults={"kill": {"point": "before_checkpoint", "nth": 3}}) as host:
        _send(host, *_bodies(35))
        host.wait_until_killed()
    with host_process(app, faults={"event_hub_batch_cut": True, "seed": 1}) as host:
        host.wait_until_processed()
    lives = host.seen()
    assert lives[:3] == [_bodies(35)[start : start + 10] for start in (0, 10, 20)]
    assert [body for batch in lives[3:] for body in batch] == _bodies(35)[20:]
