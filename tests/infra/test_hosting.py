"""What depends on where the app runs: an App Service plan or Flex Consumption."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from settings.app import Settings
from tests.infra.bicep.deployment import deploy
from tests.infra.bicep.expressions import evaluate
from tests.infra.bicep.syntax import INFRA, read
from tests.infra.sets import SETS, of_kind, only, settings, template

ROOT = Path(__file__).parents[2]
ON_FLEX = [name for name, each in SETS.items() if each.get("hosting") == "flex"]
ON_A_PLAN = [name for name in SETS if name not in ON_FLEX]

REFUSED_BY_FLEX_CONSUMPTION = {
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "ENABLE_ORYX_BUILD",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_VNET_ROUTE_ALL",
}
IN_HOST_JSON = {"EO_TASK_HUB"}
"""Settings that host.json names in percent signs, and so the scale controller reads them too."""


HUBS = "Microsoft.EventHub/namespaces/eventhubs"
TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables"
PARTS = ("", "inbox", "deadletters", "publications")


def site(name: str) -> dict[str, Any]:
    found = only(name, "Microsoft.Web/sites").properties["properties"]
    assert isinstance(found, dict)
    return found


def scaling(**parameters: Any) -> dict[str, Any]:
    [found] = [
        each
        for each in deploy(hosting="flex", **parameters).resources()
        if each.kind == "Microsoft.Web/sites"
    ]
    scale = found.properties["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    assert isinstance(scale, dict)
    return scale


@pytest.mark.parametrize("name", ON_FLEX)
def test_instance_of_flex_takes_many_requests_at_a_time(name: str) -> None:
    # The default of the platform for Python is one, and every POST waits for its entry.
    scale = site(name)["functionAppConfig"]["scaleAndConcurrency"]
    assert scale["triggers"]["http"]["perInstanceConcurrency"] == 32


def test_flex_in_zones_keeps_two_instances_and_says_so() -> None:
    def ready(**parameters: Any) -> dict[str, int]:
        found = scaling(**parameters)["alwaysReady"]
        return {each["name"]: each["instanceCount"] for each in found}

    assert ready() == {"http": 2, "durable": 2}
    assert ready(alwaysReadyHttp=5) == {"http": 5, "durable": 2}
    assert ready(redundancy="local") == {}
    assert ready(redundancy="local", alwaysReadyDurable=1) == {"durable": 1}


@pytest.mark.parametrize("name", ON_FLEX)
def test_flex_gets_no_setting_that_it_refuses(name: str) -> None:
    assert not settings(name).keys() & REFUSED_BY_FLEX_CONSUMPTION
    assert site(name)["functionAppConfig"]["runtime"] == {"name": "python", "version": "3.12"}
    assert "linuxFxVersion" not in site(name)["siteConfig"]
    assert only(name, "Microsoft.Web/serverfarms").properties["sku"]["name"] == "FC1"


@pytest.mark.parametrize("name", ON_A_PLAN)
def test_plan_builds_python_and_stays_awake(name: str) -> None:
    assert site(name)["functionAppConfig"] is None
    assert site(name)["siteConfig"]["linuxFxVersion"] == "Python|3.12"
    assert site(name)["siteConfig"]["alwaysOn"] is True  # else timers stop when nobody calls
    assert site(name)["siteConfig"]["ftpsState"] == "Disabled"
    found = settings(name)
    assert found["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert found["SCM_DO_BUILD_DURING_DEPLOYMENT"] == found["ENABLE_ORYX_BUILD"] == "true"


@pytest.mark.parametrize(
    ("parameters", "survives"),
    [
        ({}, True),
        ({"planInstances": 1}, False),
        ({"planSku": "B1"}, False),
        ({"redundancy": "local"}, False),
        ({"hosting": "flex"}, True),
        ({"hosting": "flex", "redundancy": "local"}, False),
    ],
    ids=str,
)
def test_output_tells_whether_the_app_survives_a_zone(
    parameters: dict[str, Any],
    survives: bool,  # noqa: FBT001
) -> None:
    assert deploy(**parameters).outputs()["EO_APP_SURVIVES_A_ZONE"] is survives


@pytest.mark.parametrize("name", SETS)
def test_no_setting_overrides_host_json(name: str) -> None:
    # The scale controller of Flex Consumption reads the file and not these settings.
    assert not [each for each in settings(name) if each.startswith("AzureFunctionsJobHost__")]
    assert settings(name).keys() >= IN_HOST_JSON


@pytest.mark.parametrize("name", SETS)
def test_settings_are_those_of_the_run_book(name: str) -> None:
    page = (ROOT / "docs/operate/operations.md").read_text(encoding="utf-8")
    table = page.partition("## Settings")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|([^|]*)\|", table, re.MULTILINE)
    described = {each: text for names, text in rows for each in re.findall(r"`(\w+)`", names)}
    ours = {each for each in settings(name) if each.startswith("EO_")}
    assert ours == {each for each in described if each.startswith("EO_")} - {"EO_TABLES"}
    for setting, value in settings(name).items():
        if setting.endswith(("_SCHEDULE", "_SECONDS", "_HOURS", "_STORE")):
            assert described[setting].strip() == f"`{value}`", setting


@pytest.mark.parametrize("name", SETS)
def test_schedule_has_six_fields(name: str) -> None:
    schedules = [text for each, text in settings(name).items() if each.endswith("_SCHEDULE")]
    assert schedules
    for each in schedules:
        assert re.fullmatch(r"(?:[\d*/,-]+ ){5}[\d*/,-]+", each)


def test_event_hubs_are_set_where_there_are_any() -> None:
    assert settings("default")["EO_REQUESTS_HUB"] == ""
    assert not [each for each in settings("default") if each.startswith("EventHubs")]
    found = settings("flex")
    assert (found["EO_REQUESTS_HUB"], found["EO_EVENTS_HUB"]) == ("requests", "entries")
    namespace = only("flex", "Microsoft.EventHub/namespaces").name
    assert namespace in found["EventHubs__fullyQualifiedNamespace"]
    [group] = of_kind("flex", "Microsoft.EventHub/namespaces/eventhubs/consumergroups")
    assert group.name.endswith(f"/requests/{found['EO_REQUESTS_CONSUMER_GROUP']}")


def test_each_of_several_domains_has_hubs_of_its_own() -> None:
    found = settings("everything")
    assert found["EO_REQUESTS_HUB"] == "todos=requests-todos,invoices=requests-invoices"
    plurals = [each["plural"] for each in SETS["everything"]["domains"]]
    read_back = Settings.read(found, plurals)
    assert read_back.events_hubs == {"todos": "entries-todos", "invoices": "entries-invoices"}
    hubs = {each.name.rpartition("/")[2] for each in of_kind("everything", HUBS)}
    assert hubs == {*read_back.requests_hubs.values(), *read_back.events_hubs.values()}


@pytest.mark.parametrize("name", SETS)
def test_settings_are_those_that_the_app_reads(name: str) -> None:
    plurals = [each["plural"] for each in SETS[name].get("domains", [{"plural": "todos"}])]
    given = {"EO_REQUESTS_HUB", "EO_EVENTS_HUB", "EO_REQUESTS_CONSUMER_GROUP"}
    found = {each: text for each, text in settings(name).items() if each not in given}
    assert Settings.read(found, plurals) == Settings.read({}, plurals)
    Settings.read(settings(name), plurals)  # what is given is valid
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    ours = {each for each in settings(name) if each.startswith("EO_")}
    assert {each for each in ours if "__" not in each} == {
        each for each in sample if each.startswith("EO_")
    } - {"EO_TABLES"}


def test_host_json_takes_the_hub_from_the_setting() -> None:
    durable = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"][
        "durableTask"
    ]
    assert durable["hubName"] == "%EO_TASK_HUB%"


@pytest.mark.parametrize("name", SETS)
def test_tables_are_those_that_the_app_opens(name: str) -> None:
    for domain in SETS[name].get("domains", [{"plural": "todos"}]):
        made = {each.name.rpartition("/")[2] for each in of_kind(name, TABLES)}
        assert {f"{domain['plural']}{each}" for each in PARTS} <= made


def test_units_that_a_namespace_grew_to_can_be_kept() -> None:
    def namespace(**parameters: Any) -> dict[str, Any]:
        [found] = [
            each
            for each in deploy(requestsHub="r", **parameters).resources()
            if each.kind == "Microsoft.EventHub/namespaces"
        ]
        return found.properties

    assert namespace()["sku"]["capacity"] == 1
    assert namespace()["properties"]["maximumThroughputUnits"] == 4
    assert namespace(eventHubUnits=3)["sku"]["capacity"] == 3
    fixed = namespace(eventHubUnits=4)["properties"]
    assert (fixed["isAutoInflateEnabled"], fixed["maximumThroughputUnits"]) == (False, 0)


def test_there_are_threads_for_what_host_json_lets_in() -> None:
    durable = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"][
        "durableTask"
    ]
    places = durable["maxConcurrentOrchestratorFunctions"]
    for name in SETS:
        assert int(settings(name)["PYTHON_THREADPOOL_THREAD_COUNT"]) >= places


def test_scheduler_is_the_hub_only_when_asked_for() -> None:
    found = settings("everything")["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"]
    assert re.fullmatch(
        r"Endpoint=<dts-.*>\.properties\.endpoint;Authentication=ManagedIdentity;ClientID=.*", found
    )
    assert "DURABLE_TASK_SCHEDULER_CONNECTION_STRING" not in settings("default")


def test_azure_runs_a_version_of_python_that_is_tested() -> None:
    allowed = read(INFRA / "main.bicep").of("param")["pythonVersion"].decorators["allowed"]
    versions = evaluate(allowed.named_children[0], template("default").scope)
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert all(f'"{version}"' in workflow for version in versions)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={versions[0]}"' in project


def test_platform_refuses_what_is_larger_than_the_app_takes() -> None:
    batch_bytes_max = 4 * 1024 * 1024
    for name in SETS:
        limit = int(settings(name)["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"])
        assert batch_bytes_max < limit <= 2 * batch_bytes_max
