"""Every setting that the app reads is set on Azure, and every one that is set is read."""

import json
import re
from pathlib import Path
from typing import Any

from publishing import connection as event_hubs
from settings import Settings
from store import connection as tables
from telemetry import export
from tests.infra.bicep import INFRA, read

ROOT = Path(__file__).parents[2]
APP = read(INFRA / "modules/function-app.bicep")
MAIN = read(INFRA / "main.bicep")

ON_A_DEVELOPERS_MACHINE = {
    "AzureWebJobsStorage",  # connection strings, where Azure has addresses and an identity
    "TodoTables",
    "EventHubs",
    "FUNCTIONS_WORKER_RUNTIME",  # `runtime` of the app
}
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


def of_file(name: str) -> dict[str, Any]:
    content = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def values(*variables: str) -> dict[str, str]:
    """Return settings as written: a literal without its quotes, or an expression."""
    found = {
        name: value.strip("'")
        for variable in variables
        for name, value in re.findall(
            r"^\s+(\w+): (\S.*)$", APP.of("var")[variable].text, re.MULTILINE
        )
    }
    assert found
    return found


def test_the_settings_of_the_app_are_those_of_the_sample() -> None:
    sample = set(of_file("local.settings.sample.json")["Values"])
    on_azure = values("hostSettings", "appSettings", "eventHubSettings").keys()
    assert sample - ON_A_DEVELOPERS_MACHINE <= on_azure
    todo = {name for name in on_azure if name.startswith("TODO_")}
    assert todo == {name for name in sample if name.startswith("TODO_")}


def test_no_variable_with_settings_is_left_out() -> None:
    named = {name for name in APP.of("var") if name.endswith("Settings")} - {"allSettings"}
    merged = set(re.findall(r"\w+Settings", APP.of("var")["allSettings"].text)) - {"allSettings"}
    assert merged == named


def test_what_is_not_a_parameter_is_the_default_of_the_app() -> None:
    literals = {
        name: text for name, text in values("appSettings").items() if re.search(r"[^\w.]", text)
    }
    literals |= {name: text for name, text in values("appSettings").items() if text.isdecimal()}
    assert len(literals) == 5
    assert Settings.read(literals) == Settings.read({})


def test_the_tables_are_those_that_the_app_takes_by_itself() -> None:
    from store.open import TABLES

    default = MAIN.of("param")["tables"].default or ""
    assert dict(re.findall(r"^\s+(\w+): '(\w+)'$", default, re.MULTILINE)) == TABLES
    for name in TABLES:
        assert values("appSettings")[name] == f"tables.{name}"


def test_the_app_signs_in_to_the_tables_with_its_identity_and_nothing_else() -> None:
    environ = {**values("appSettings"), "TodoTables__tableServiceUri": "https://a.table.example"}
    read_back = tables.Connection.read(environ)
    assert read_back.identity.managed_only
    assert read_back.identity.client_id == "identityClientId"
    assert not read_back.connection_string


def test_the_app_signs_in_to_event_hubs_with_its_identity_and_nothing_else() -> None:
    read_back = event_hubs.Connection.read(values("eventHubSettings"))
    assert read_back.identity.managed_only
    assert read_back.identity.client_id == "identityClientId"
    assert read_back.namespace == "eventHubsHost"
    assert not read_back.connection_string


def test_the_host_signs_in_to_all_services_of_its_account_with_the_identity() -> None:
    prefix = of_file("host.json")["extensions"]["durableTask"]["storageProvider"]["connectionName"]
    found = {name for name in values("hostSettings") if name.startswith(f"{prefix}__")}
    uris = {f"{prefix}__{service}ServiceUri" for service in ("blob", "queue", "table")}
    assert found == {*uris, f"{prefix}__credential", f"{prefix}__clientId"}


def test_the_app_exports_with_its_identity_what_the_host_then_does_not() -> None:
    found = values("hostSettings")
    assert found[export.SWITCH] == "true"
    assert found[export.CONNECTION] == "insightsConnection"
    assert found["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"].endswith(";Authorization=AAD")
    assert export.DISTRO not in found  # the worker would export all of it a second time


def test_there_are_threads_for_what_host_json_lets_in() -> None:
    sample = of_file("local.settings.sample.json")["Values"]["PYTHON_THREADPOOL_THREAD_COUNT"]
    assert values("hostSettings")["PYTHON_THREADPOOL_THREAD_COUNT"] == sample


def test_what_overrides_host_json_is_in_it() -> None:
    durable = of_file("host.json")["extensions"]["durableTask"]
    only_of_the_scheduler = {"connectionStringName"}
    prefix = "AzureFunctionsJobHost__extensions__durableTask__"
    names = [name for name in values("hostSettings", "schedulerSettings") if prefix in name]
    assert len(names) == 3
    for name in names:
        place: Any = durable
        for part in name.removeprefix(prefix).split("__"):
            assert part in place or part in only_of_the_scheduler, name
            place = place.get(part)


def test_the_task_hub_is_the_one_of_host_json_unless_told_otherwise() -> None:
    hub = of_file("host.json")["extensions"]["durableTask"]["hubName"]
    assert MAIN.of("param")["taskHubName"].default == f"'{hub}'"


def test_no_more_instances_wait_for_orchestrations_than_there_are_partitions() -> None:
    provider = of_file("host.json")["extensions"]["durableTask"]["storageProvider"]
    decorators = MAIN.of("param")["alwaysReadyDurable"].decorators
    assert f"@maxValue({provider['partitionCount']})" in decorators


def test_nothing_is_set_that_flex_consumption_refuses() -> None:
    names = APP.object_keys("hostSettings") | APP.object_keys("appSettings")
    assert not names & REFUSED_BY_FLEX_CONSUMPTION


def test_azure_runs_a_version_of_python_that_is_tested() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'requires-python = ">=(\d\.\d+)"', project)
    assert found
    allowed = re.findall(r"'(\d\.\d+)'", MAIN.of("param")["pythonVersion"].decorators)
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert allowed[0] == found[1]
    assert all(f'"{version}"' in workflow for version in allowed)
