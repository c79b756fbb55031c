"""Host protocol 1.4 and 8: settings and host.json."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from localhost.app_settings import is_disabled, load_local_settings, resolve
from localhost.data_folder import open_data_folder
from localhost.environment import prepare_environment, shared_settings, worker_environment
from localhost.errors import StartError
from localhost.faults import FaultPlan
from localhost.host_json import HostJson
from localhost.hub_settings import hub_options
from localhost.options import Options
from localhost.taskhub import HubOptions, Overridable


def write(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content))


def test_local_settings_fill_what_is_unset_or_empty(tmp_path: Path) -> None:
    values = {"SET": "file", "EMPTY": "file", "NEW": "file", "FLAG": True, "NUMBER": 5}
    write(tmp_path, "local.settings.json", {"IsEncrypted": False, "Values": values})
    environ = {"SET": "environment", "EMPTY": ""}
    load_local_settings(tmp_path, environ)
    assert environ == {
        "SET": "environment",
        "EMPTY": "file",
        "NEW": "file",
        "FLAG": "True",
        "NUMBER": "5",
    }


def test_the_sample_is_never_read(tmp_path: Path) -> None:
    write(tmp_path, "local.settings.sample.json", {"Values": {"A": "sample"}})
    environ: dict[str, str] = {}
    load_local_settings(tmp_path, environ)
    assert environ == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot read local.settings.json"),
        ("[]", "must hold a JSON object"),
        ('{"IsEncrypted": true}', "is encrypted"),
        ('{"Values": []}', "must be an object"),
        ('{"Values": {"A": {}}}', "the value of 'A' must be a string"),
    ],
)
def test_wrong_local_settings_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "local.settings.json").write_text(content)
    with pytest.raises(StartError, match=message):
        load_local_settings(tmp_path, {})


def test_a_percent_name_is_replaced_by_the_setting() -> None:
    assert resolve("a-%X%-%Y%", {"X": "1", "Y": "2"}, "f") == "a-1-2"
    with pytest.raises(StartError, match="f: the app setting 'Z'"):
        resolve("%Z%", {}, "f")


@pytest.mark.parametrize(
    ("name", "value", "disabled"),
    [
        ("AzureWebJobs.f.Disabled", "true", True),
        ("AzureWebJobs_f_Disabled", "1", True),
        ("AzureWebJobs.f.Disabled", "False", False),
        ("AzureWebJobs.f.Disabled", "0", False),
        ("AzureWebJobs.g.Disabled", "true", False),
    ],
)
def test_a_function_is_disabled_by_its_setting(name: str, value: str, *, disabled: bool) -> None:
    assert is_disabled("f", {name: value}) is disabled


def test_host_json_names_match_without_regard_to_case() -> None:
    host = HostJson({"Extensions": {"HTTP": {"RoutePrefix": "v1"}}}, {})
    assert host.text("extensions.http.routePrefix", "api") == "v1"


def test_the_environment_overrides_host_json() -> None:
    environ = {
        "AzureFunctionsJobHost__extensions__http__routePrefix": "v2",
        "AzureFunctionsJobHost__functions__1": "b",
        "AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions": "7",
        "AzureFunctionsJobHost__functionTimeout": "00:01:00",
    }
    content = {"extensions": {"http": {"routePrefix": "v1"}}, "functions": ["a", "c"]}
    host = HostJson(content, environ)
    assert host.text("extensions.http.routePrefix", "api") == "v2"
    assert host.names("functions") == ["a", "b"]
    assert hub_options(host, {}).max_concurrent_activities == 7
    assert host.function_timeout() == timedelta(minutes=1)


@pytest.mark.parametrize("environ", [{}, {"AzureFunctionsJobHost__retry__strategy": "x"}])
def test_top_level_retry_is_warned_of(environ: dict[str, str]) -> None:
    content = {} if environ else {"retry": {"strategy": "fixedDelay"}}
    assert "remove the top-level `retry`" in HostJson(content, environ).warnings()[0]


@pytest.mark.parametrize(
    ("value", "timeout"),
    [
        ({}, timedelta(minutes=30)),
        ({"functionTimeout": "-1"}, None),
        ({"functionTimeout": "00:10:00"}, timedelta(minutes=10)),
    ],
)
def test_the_function_timeout(value: dict[str, str], timeout: timedelta | None) -> None:
    assert HostJson(value, {}).function_timeout() == timeout


@pytest.mark.parametrize("value", ["soon", "00:00:00", "-00:01:00"])
def test_a_wrong_function_timeout_is_refused(value: str) -> None:
    with pytest.raises(StartError, match=r"(?i)functionTimeout"):
        HostJson({"functionTimeout": value}, {}).function_timeout()


def test_host_json_may_be_missing_but_must_be_of_version_2(tmp_path: Path) -> None:
    assert HostJson.read(tmp_path, {}).route_prefix() == "api"
    write(tmp_path, "host.json", {})
    with pytest.raises(StartError, match="version"):
        HostJson.read(tmp_path, {})
    write(tmp_path, "host.json", {"version": "2.0"})
    assert HostJson.read(tmp_path, {}).value("retry") is None


def test_an_empty_durable_section_leaves_every_default() -> None:
    assert hub_options(HostJson({}, {}), {}) == HubOptions()


def test_the_durable_section_becomes_the_hubs_options() -> None:
    section = {
        "hubName": "%HUB%",
        "defaultVersion": "3",
        "maxConcurrentActivityFunctions": 1,
        "maxConcurrentOrchestratorFunctions": 2,
        "maxConcurrentEntityFunctions": 3,
        "maxEntityOperationBatchSize": 4,
        "entityMessageReorderWindowInMinutes": 0,
        "maxOrchestrationActions": 5,
        "overridableExistingInstanceStates": "anystate",
        "storeInputsInOrchestrationHistory": True,
    }
    host = HostJson({"extensions": {"durableTask": section}}, {"HUB": "Mine"})
    assert hub_options(host, {}) == HubOptions(
        hub_name="Mine",
        default_version="3",
        max_concurrent_activities=1,
        max_concurrent_orchestrators=2,
        max_concurrent_entities=3,
        max_entity_operation_batch_size=4,
        entity_message_reorder_window_minutes=0,
        max_orchestration_actions=5,
        overridable_existing_instance_states=Overridable.ANY_STATE,
        store_inputs_in_history=True,
    )


@pytest.mark.parametrize(
    "section",
    [
        {"maxConcurrentActivityFunctions": 0},
        {"maxConcurrentActivityFunctions": "many"},
        {"maxConcurrentActivityFunctions": True},
        {"overridableExistingInstanceStates": "Some"},
        {"storeInputsInOrchestrationHistory": "maybe"},
    ],
)
def test_a_wrong_durable_setting_is_named(section: dict[str, Any]) -> None:
    name = next(iter(section))
    with pytest.raises(StartError, match=name):
        hub_options(HostJson({"extensions": {"durableTask": section}}, {}), {})


def test_a_wrong_fault_plan_is_refused() -> None:
    with pytest.raises(StartError, match="LOCALHOST_FAULTS"):
        FaultPlan.read({"LOCALHOST_FAULTS": "{"})


def environment(tmp_path: Path, **environ: str) -> dict[str, str]:
    options = Options(app=tmp_path, data=tmp_path / "d")
    with open_data_folder(options.data) as data:
        prepare_environment(options, data, "http://localhost:7071", environ)
    return environ


def test_a_setting_may_name_the_data_folder_and_the_event_hubs(tmp_path: Path) -> None:
    write(tmp_path, "local.settings.json", {"Values": {"FILE": "sqlite:%LOCALHOST_DATA%/x.db"}})
    environ = environment(tmp_path, HUBS="%LOCALHOST_EVENT_HUBS%")
    assert environ["FILE"] == f"sqlite:{tmp_path / 'd'}/x.db"
    assert environ["HUBS"] == "http://127.0.0.1:7071"


@pytest.mark.parametrize(
    ("given", "seen"), [({}, "1000"), ({"PYTHON_THREADPOOL_THREAD_COUNT": "x"}, "x")]
)
def test_the_worker_has_a_thousand_threads_unless_told(given: dict[str, str], seen: str) -> None:
    assert worker_environment(given)["PYTHON_THREADPOOL_THREAD_COUNT"] == seen


def test_shared_settings_agree_only_when_all_their_values_do() -> None:
    names = {"LOCALHOST_SHARED_SETTINGS": "Store, Tables", "Other": "1"}
    mine = shared_settings({**names, "Store": "a", "Tables__uri": "b"})
    assert mine == shared_settings({**names, "store": "a", "Tables__uri": "b", "Other": "2"})
    assert mine != shared_settings({**names, "Store": "a", "Tables__uri": "c"})
    assert mine != shared_settings({**names, "Store": "a"})
