"""Every alarm of the run book rings, and everything that rings is in the run book."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.kusto import QUERIES
from tests.infra.sets import SETS, of_kind, only

RUN_BOOK = (Path(__file__).parents[2] / "docs/operate/operations.md").read_text(encoding="utf-8")
RINGING = [name for name, each in SETS.items() if each.get("alarms", True)]
ROWS = re.findall(r"^\| \*\*([\w-]+)\*\* \|", RUN_BOOK, re.MULTILINE)


def rules(name: str) -> dict[str, dict[str, Any]]:
    """Return the alarms on logs, by name."""
    found = of_kind(name, "Microsoft.Insights/scheduledQueryRules")
    return {
        each.properties["properties"]["displayName"]: each.properties["properties"]
        for each in found
    }


def metric_rules(name: str) -> dict[str, dict[str, Any]]:
    found = of_kind(name, "Microsoft.Insights/metricAlerts")
    return {each.name.removeprefix("alert-"): each.properties["properties"] for each in found}


def row_of(rule: str) -> str:
    """Return the row of a rule: that of events is there once for each hub of requests."""
    return re.sub(r"^events-stand-still-.*", "events-stand-still", rule)


def minutes(period: str) -> int:
    found = re.fullmatch(r"PT(\d+)([MH])", period)
    assert found
    return int(found[1]) * (60 if found[2] == "H" else 1)


def test_alarms_are_the_rows_of_the_run_book() -> None:
    names = {row_of(each) for each in (*rules("everything"), *metric_rules("everything"))}
    assert len(ROWS) == len(set(ROWS))
    assert names == set(ROWS)


@pytest.mark.parametrize("name", RINGING)
def test_every_query_of_an_alarm_has_its_rule(name: str) -> None:
    files = {path.stem: path.read_text(encoding="utf-8") for path in (QUERIES / "alerts").glob("*")}
    found = {rule: each["criteria"]["allOf"][0]["query"] for rule, each in rules(name).items()}
    count = len(SETS[name].get("domains", [None]))
    files["sweeper-silent"] = files["sweeper-silent"].replace(
        "let expected_domains = 1;", f"let expected_domains = {count};"
    )
    assert found == files


def test_one_line_is_not_missed_when_it_is_taken_in_late() -> None:
    for name, rule in rules("default").items():
        one_is_enough = rule["criteria"]["allOf"][0]["threshold"] == 0
        pause = minutes(rule["evaluationFrequency"])
        window = minutes(rule["windowSize"])
        assert window >= (2 * pause if one_is_enough else pause), name


def test_first_deployment_asks_no_table_that_is_minutes_old() -> None:
    assert all(rule["skipQueryValidation"] is True for rule in rules("default").values())


@pytest.mark.parametrize("name", RINGING)
def test_mail_goes_to_the_named_address(name: str) -> None:
    receivers = of_kind(name, "Microsoft.Insights/actionGroups")
    assert len(receivers) == ("alertEmail" in SETS[name])
    told = [each.member("id") for each in receivers]
    assert all(rule["actions"]["actionGroups"] == told for rule in rules(name).values())
    for rule in metric_rules(name).values():
        assert [each["actionGroupId"] for each in rule["actions"]] == told
    for each in receivers:
        [receiver] = each.properties["properties"]["emailReceivers"]
        assert receiver["emailAddress"] == SETS[name]["alertEmail"]


def test_health_is_asked_for_from_outside() -> None:
    probe = only("default", "Microsoft.Insights/webtests").properties["properties"]
    site = only("default", "Microsoft.Web/sites").name
    assert (
        probe["Request"]["RequestUrl"] == f"https://<{site}>.properties.defaultHostName/api/health"
    )
    assert probe["ValidationRules"]["ExpectedHttpStatusCode"] == 200
    rule = metric_rules("default")["health"]["criteria"]
    assert rule["failedLocationCount"] < len(probe["Locations"])


def test_trial_without_alarms_pays_for_none() -> None:
    assert not of_kind("trial", "Microsoft.Insights/webtests")
    assert not rules("trial")
    assert not metric_rules("trial")


def test_alarm_of_events_is_there_when_requests_come_from_a_hub() -> None:
    def watched(name: str) -> list[str]:
        found = [each for each in metric_rules(name) if row_of(each) == "events-stand-still"]
        criteria = [metric_rules(name)[each]["criteria"]["allOf"] for each in found]
        return [each["dimensions"][0]["values"][0] for both in criteria for each in both]

    assert watched("default") == []
    assert watched("flex") == ["requests", "requests"]
    assert set(watched("everything")) == {"requests-todos", "requests-invoices"}


def test_rule_asks_the_workspace_for_what_only_that_knows() -> None:
    for name, rule in rules("default").items():
        scopes = [each.partition("/")[0] + "/" + each.split("/")[1] for each in rule["scopes"]]
        workspace = name == "telemetry-cut-off"
        kind = (
            "Microsoft.OperationalInsights/workspaces"
            if workspace
            else "Microsoft.Insights/components"
        )
        assert scopes == [kind]


@pytest.mark.parametrize("row", ROWS)
def test_row_of_the_run_book_leads_to_a_step(row: str) -> None:
    [text] = [line for line in RUN_BOOK.splitlines() if line.startswith(f"| **{row}** |")]
    step = text.split("|")[4]
    assert re.search(r"\]\(|`|az ", step), text


def items(name: str) -> dict[str, dict[str, Any]]:
    workbook = only(name, "Microsoft.Insights/workbooks").properties["properties"]
    found = json.loads(workbook["serializedData"])["items"]
    return {each["name"]: each["content"] for each in found}


def test_workbook_shows_every_chart_of_the_chosen_domain() -> None:
    shown = [each["query"] for name, each in items("default").items() if name.startswith("chart-")]
    files = [path.read_text(encoding="utf-8") for path in (QUERIES / "charts").glob("*.kql")]
    asked = [each.replace('"todo"', '"{domain}"') for each in files]
    assert sorted(shown) == sorted(asked)


def test_workbook_lists_domains_and_fills_in_the_parameters() -> None:
    found = items("everything")
    parameters = {each["name"]: each for each in found["parameters"]["parameters"]}
    options = json.loads(parameters["domain"]["jsonData"])
    assert [each["value"] for each in options] == ["todo", "invoice"]
    assert [each["selected"] for each in options] == [True, False]
    used = set(re.findall(r'= @?"\{(\w+)\}";', found["story"]["query"]))
    assert used == {"domain", "key", "request"} <= parameters.keys()
    assert parameters["time"]["typeSettings"]["selectableValues"]
    labels = {each["name"]: each["label"] for each in items("default")["parameters"]["parameters"]}
    assert labels["key"] == "projectId"
