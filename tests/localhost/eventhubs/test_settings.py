from pathlib import Path
from typing import Any

import pytest

from localhost.errors import StartError
from localhost.eventhubs.faults import EventHubFaults, Point
from localhost.eventhubs.options import EventHubOptions, InitialOffset
from localhost.eventhubs.service import EventHubsService
from localhost.eventhubs.subscriptions import DataType, build_subscriptions
from localhost.faults import FaultPlan
from localhost.host_json import HostJson
from localhost.taskhub import FaultPlanError
from tests.localhost.eventhubs.harness import Events, event_hub_app
from tests.localhost.in_process import index_functions


async def _ignore(batch: Events) -> None:
    pass


def _options(**settings: Any) -> EventHubOptions:
    content = {"version": "2.0", "extensions": {"eventHubs": settings}}
    return EventHubOptions.read(HostJson(content, {}))


def test_the_defaults_are_those_of_the_extension() -> None:
    options = _options()
    assert options == EventHubOptions()
    assert (options.max_event_batch_size, options.batch_checkpoint_frequency) == (100, 1)
    assert options.initial_offset is InitialOffset.FROM_START


def test_host_json_sets_the_options() -> None:
    options = _options(
        maxEventBatchSize=10,
        minEventBatchSize=2,
        maxWaitTime="00:00:05",
        batchCheckpointFrequency=3,
        initialOffsetOptions={
            "type": "FromEnqueuedTime",
            "enqueuedTimeUtc": "2026-07-01T10:00:00Z",
        },
    )
    assert (options.max_event_batch_size, options.min_event_batch_size) == (10, 2)
    assert options.max_wait_time.total_seconds() == 5
    assert options.batch_checkpoint_frequency == 3
    assert options.enqueued_since == 1_782_900_000_000


@pytest.mark.parametrize(
    "settings",
    [
        {"maxEventBatchSize": 0},
        {"maxEventBatchSize": 5, "minEventBatchSize": 6},
        {"batchCheckpointFrequency": 0},
        {"maxWaitTime": "soon"},
        {"maxWaitTime": "00:10:01"},
        {"initialOffsetOptions": {"type": "fromMiddle"}},
        {"initialOffsetOptions": {"type": "fromEnqueuedTime", "enqueuedTimeUtc": "noon"}},
        {"initialOffsetOptions": {"type": "fromEnqueuedTime"}},
    ],
)
def test_options_that_make_no_sense_stop_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(StartError, match=r"host\.json"):
        _options(**settings)


def test_a_binding_is_read_with_its_settings_resolved() -> None:
    app = event_hub_app(_ignore, event_hub_name="%HUB%", consumer_group="%GROUP%")
    environ = {"HUB": "Requests", "GROUP": "mine"}
    [found] = build_subscriptions(index_functions(app, Path(), environ), environ)
    assert (found.hub, found.consumer_group) == ("Requests", "mine")
    assert (found.many, found.data_type) == (True, DataType.BINARY)


def test_a_binding_has_defaults() -> None:
    app = event_hub_app(_ignore, cardinality=None, data_type=None)
    [found] = build_subscriptions(index_functions(app, Path(), {}), {})
    assert (found.consumer_group, found.many) == ("$Default", False)
    assert found.data_type is DataType.UNDEFINED


def test_a_setting_that_is_missing_stops_the_start() -> None:
    app = event_hub_app(_ignore, event_hub_name="%HUB%")
    with pytest.raises(StartError, match="'HUB'"):
        build_subscriptions(index_functions(app, Path(), {}), {})


def test_two_functions_cannot_share_a_consumer_group() -> None:
    async def second(batch: Events) -> None:
        pass

    app = event_hub_app(second, app=event_hub_app(_ignore), name="second", event_hub_name="HUB")
    functions = index_functions(app, Path(), {})
    with pytest.raises(StartError, match=r"consumer group \$Default; each needs"):
        build_subscriptions(functions, {})
    one_off = {"AzureWebJobs.second.Disabled": "true"}
    app = event_hub_app(second, app=event_hub_app(_ignore), name="second", event_hub_name="HUB")
    assert len(build_subscriptions(index_functions(app, Path(), one_off), one_off)) == 2


@pytest.mark.parametrize("text", ["0", "33", "four", "-1"])
def test_invalid_number_of_partitions_stops_the_start(tmp_path: Path, text: str) -> None:
    environ = {"LOCALHOST_EVENT_HUB_PARTITIONS": text}
    with pytest.raises(StartError, match="from 1 to 32"):
        EventHubsService(tmp_path / "x.db", [], EventHubOptions(), EventHubFaults(), environ)


def test_a_fault_plan_is_split_between_task_hub_and_event_hubs() -> None:
    plan = FaultPlan.of(
        '{"kill": {"point": "before_checkpoint", "nth": 2}, "event_hub_batch_cut": true,'
        ' "seed": 7, "batch_cut": 0.5}'
    )
    mine, theirs = plan.event_hubs, plan.task_hub
    assert (mine.kill_at, mine.kill_nth) == (Point.BEFORE_CHECKPOINT, 2)
    assert (mine.batch_cut, mine.seed) == (True, 7)
    assert theirs.kill is None
    assert (theirs.seed, theirs.batch_cut) == (7, 0.5)


def test_the_task_hubs_faults_stay_the_task_hubs() -> None:
    plan = FaultPlan.of('{"kill": {"point": "before_send"}}')
    assert plan.event_hubs.kill_at is None
    assert plan.task_hub.kill is not None


@pytest.mark.parametrize(
    "plan",
    [
        "{",
        "[]",
        '{"event_hub_batch_cut": "yes"}',
        '{"kill": {"point": "before_checkpoint", "nth": 0}}',
        '{"kill": {"point": "before_checkpoint", "nth": true}}',
        '{"kill": {"point": "before_checkpoint", "work": "entity"}}',
        '{"kill": {"point": "before_checkpoint", "when": 1}}',
    ],
)
def test_malformed_fault_plan_is_refused(plan: str) -> None:
    with pytest.raises(FaultPlanError):
        FaultPlan.of(plan)


def test_random_cuts_are_reproducible_and_never_empty() -> None:
    def sizes(seed: int) -> list[int]:
        faults = EventHubFaults(batch_cut=True, seed=seed)
        return [faults.size_of_batch(10) for _ in range(50)]

    assert sizes(7) == sizes(7) != sizes(8)
    assert set(sizes(7)) <= set(range(1, 11))
    assert len(set(sizes(7))) > 5
    assert EventHubFaults().size_of_batch(10) == 10
