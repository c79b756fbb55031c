"""What is counted, under which names, and that no caller can make a new time series."""

from tests.telemetry.examples import EVENTS, METRICS, TELL
from tests.telemetry.measured import Measured


def test_every_metric_is_told_by_an_event(measured: Measured) -> None:
    for tell in EVENTS.values():
        tell()
    TELL.appended(2)
    TELL.outbox_read(5)
    TELL.buried("invalid-body")
    found = measured.metrics()
    assert set(found) == set(METRICS)
    for name, metric in found.items():
        attributes = {each for p in metric.data.data_points for each in p.attributes or {}}
        assert attributes == METRICS[name], name


def test_counts_are_those_of_requests(measured: Measured) -> None:
    TELL.accepted("7", ["a", "b", "c"])
    TELL.appended(3)
    TELL.replayed("7", {"a": 1})
    TELL.published("7", 41, 44)
    assert measured.sums() == {
        "telling.requests.accepted": 3.0,
        "telling.created": 3.0,
        "telling.requests.duplicates": 1.0,
        "telling.published": 4.0,
    }
