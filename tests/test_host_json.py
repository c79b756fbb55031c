"""The facts in host.json that the promises rest on. Why each: docs/decisions/0008-host-json.md."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
DURABLE_CLIENT_CONNECTIONS = 30
"""The pool that azure-functions-durable 1.7 keeps for all its clients in a process."""
WAIT_DEFAULT = timedelta(seconds=5)
"""How long a POST waits for its answer unless the caller says otherwise."""


def read(name: str) -> dict[str, Any]:
    content = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.fixture
def host() -> dict[str, Any]:
    return read("host.json")


@pytest.fixture
def durable(host: dict[str, Any]) -> dict[str, Any]:
    return dict(host["extensions"]["durableTask"])


def seconds(timespan: str) -> float:
    hours, minutes, rest = timespan.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_there_is_no_retry_for_all_functions(host: dict[str, Any]) -> None:
    # It would wrap orchestrators and entities too.
    assert "retry" not in host


def test_bundle_is_the_one_the_protocol_was_checked_with(
    host: dict[str, Any],
) -> None:
    assert host["version"] == "2.0"
    assert host["extensionBundle"] == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.*, 5.0.0)",
    }


def test_every_orchestrator_let_in_finds_a_thread(
    durable: dict[str, Any],
) -> None:
    threads = int(read("local.settings.sample.json")["Values"]["PYTHON_THREADPOOL_THREAD_COUNT"])
    assert durable["maxConcurrentOrchestratorFunctions"] <= threads


def test_activities_leave_connections_of_the_client_to_intake(
    durable: dict[str, Any],
) -> None:
    assert durable["maxConcurrentActivityFunctions"] < DURABLE_CLIENT_CONNECTIONS


def test_lone_request_is_numbered_within_the_default_wait(durable: dict[str, Any]) -> None:
    # Its three messages one after another: start, activity, and its result.
    slowest = 3 * seconds(durable["storageProvider"]["maxQueuePollingInterval"])
    assert slowest < WAIT_DEFAULT.total_seconds()


def test_partition_count_is_one_that_the_provider_takes(durable: dict[str, Any]) -> None:
    assert 1 <= durable["storageProvider"]["partitionCount"] <= 16


def test_task_hub_has_a_name_of_its_own(durable: dict[str, Any]) -> None:
    # By default it is named after the site: a copy of the app on another site would start anew.
    # The scale controller resolves the setting in this file; an override it does not see.
    assert durable["hubName"] == "%EO_TASK_HUB%"
    name = read("local.settings.sample.json")["Values"]["EO_TASK_HUB"]
    assert name.isalnum()
    assert name[0].isalpha()
    assert 3 <= len(name) <= 45


def test_invocation_takes_no_longer_than_any_plan_allows(host: dict[str, Any]) -> None:
    assert seconds(host["functionTimeout"]) <= 600


def test_host_begins_traces_that_go_on_through_orchestrations(
    host: dict[str, Any], durable: dict[str, Any]
) -> None:
    # Why so, and who exports what: docs/decisions/0016-telemetry.md.
    assert host["telemetryMode"] == "OpenTelemetry"
    assert durable["tracing"]["distributedTracingEnabled"] is True
    assert durable["tracing"]["version"] == "V2"
    # Titles and request ids are in the inputs.
    assert durable["tracing"]["traceInputsAndOutputs"] is False


def test_nothing_is_set_that_has_no_effect_in_this_mode(host: dict[str, Any]) -> None:
    assert "applicationInsights" not in host["logging"]


def test_tables_have_a_connection_of_their_own(durable: dict[str, Any]) -> None:
    values = read("local.settings.sample.json")["Values"]
    assert {"AzureWebJobsStorage", "EO_TABLES"} <= values.keys()
    assert durable["storageProvider"]["connectionName"] != "EO_TABLES"
