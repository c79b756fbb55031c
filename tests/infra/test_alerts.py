"""Alarms ask for what the app really logs, and every one has its place in the run book."""

import re
from pathlib import Path

import pytest

from telemetry import decisions
from tests.infra.bicep import INFRA, read
from tests.infra.kql import read as query_of
from tests.telemetry.examples import DECISIONS, METRICS, line_of

ROOT = INFRA.parent
QUERIES = sorted((INFRA / "queries").rglob("*.kql"))
APP = ("todos", "store", "entities", "activities", "publishing", "triggers")
RULES = read(INFRA / "modules/alerts.bicep").of("var")["rules"].text
WORKBOOK = read(INFRA / "modules/workbook.bicep")
STORY = INFRA / "queries/story-of-a-request.kql"

LOADED = r"loadTextContent\('\.\./queries/([\w/-]+)\.kql'\)"

each_query = pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)


def name_of(path: Path) -> str:
    return path.relative_to(INFRA / "queries").with_suffix("").as_posix()


def sources() -> str:
    files = [path for package in APP for path in (ROOT / package).rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def logged() -> set[str]:
    """Return the names that lines of the app begin with."""
    calls = r'log\.(?:debug|info|warning|error|exception)\(\s*"(\w+)'
    return {*re.findall(calls, sources()), *DECISIONS}


def asked_for(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(r'message startswith "(\w+) "', text) + re.findall(r'event == "(\w+)"', text)


@each_query
def test_a_query_can_be_read(path: Path) -> None:
    assert query_of(path).columns


@each_query
def test_a_query_asks_for_lines_metrics_and_orchestrations_that_there_are(path: Path) -> None:
    query = query_of(path)
    names = asked_for(path)
    assert set(names) <= logged()
    if query.tables == {"customMetrics"}:
        names = [text for text in query.texts if text.startswith("todos.")]
        assert set(names) <= METRICS.keys()
    if query.tables == {"requests"}:
        outbox = (ROOT / "activities/hub.py").read_text(encoding="utf-8")
        assert 'ORCHESTRATION_NAME: Final = "outbox"' in outbox
        names = ["outbox"]
        assert set(names) <= set(query.texts)
    assert names or path == STORY


@each_query
def test_what_a_query_takes_out_of_a_line_is_in_it(path: Path) -> None:
    for event in asked_for(path) if path != STORY else []:
        for column, pattern in query_of(path).patterns.items():
            written = line_of(event) if event in DECISIONS else written_elsewhere(event)
            assert re.search(pattern, written), (event, column)


def written_elsewhere(event: str) -> str:
    """Return a line that is not that of a decision, with numbers for what is filled in."""
    [text] = set(re.findall(rf'"({event} [^"]*)"', sources()))
    return re.sub(r"%\w", "7", str(text))


@pytest.mark.parametrize("attribute", ["reason", "code"])
def test_what_a_chart_takes_out_of_a_metric_is_an_attribute_of_it(attribute: str) -> None:
    text = (INFRA / "queries/charts/refusals.kql").read_text(encoding="utf-8")
    assert f"customDimensions.{attribute}" in text
    assert any(attribute in attributes for attributes in METRICS.values())


def test_every_query_is_an_alarm_of_the_same_name_or_in_the_workbook() -> None:
    names = re.findall(r"^    name: '([\w-]+)'$", RULES, re.MULTILINE)
    assert names == re.findall(LOADED, RULES)
    shown = re.findall(LOADED, WORKBOOK.text)
    assert sorted([*names, *shown]) == sorted(name_of(path) for path in QUERIES)


def test_the_workbook_puts_its_parameters_into_the_story() -> None:
    text = STORY.read_text(encoding="utf-8")
    replaced = re.findall(r"replace\(.+?, '(let [^']*)', '(let [^']*)'\)", WORKBOOK.text)
    assert len(replaced) == 2
    for before, after in replaced:
        assert text.count(before) == 1
        [parameter] = re.findall(r"\{(\w+)\}", after)
        assert f"name: '{parameter}'" in WORKBOOK.of("var")["parametersItem"].text


def test_the_story_is_that_of_one_request_of_one_project() -> None:
    steps = STORY.read_text(encoding="utf-8").splitlines()
    assert "| where project == project_id" in steps
    assert "| where set_has_element(requests, request_id)" in steps


def test_there_is_an_alarm_for_each_thing_that_must_not_go_unnoticed() -> None:
    names = set(re.findall(LOADED, RULES))
    assert {"oldest-request", "dead-letters", "failing-orchestrations", "publish-lag"} <= names


def test_a_window_is_at_least_as_long_as_the_pause_between_two_looks() -> None:
    windows = [int(minutes) for minutes in re.findall(r"window: 'PT(\d+)M'", RULES)]
    assert len(windows) == len(re.findall(LOADED, RULES))
    assert min(windows) >= 5  # evaluationFrequency


@pytest.mark.parametrize("name", re.findall(LOADED, RULES))
def test_an_alarm_is_in_the_run_book(name: str) -> None:
    assert f"({name})" in (ROOT / "docs/operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("seconds", "rings"), [(4.9, False), (60.0, False), (60.1, True), (86_400.5, True)]
)
def test_the_alarm_for_the_oldest_request_rings_beyond_a_minute(
    caplog: pytest.LogCaptureFixture,
    *,
    seconds: float,
    rings: bool,
) -> None:
    path = INFRA / "queries/oldest-request.kql"
    caplog.set_level("INFO")
    decisions.swept(3, seconds)
    found = re.search(query_of(path).patterns["seconds"], caplog.messages[-1])
    assert found
    [limit] = re.findall(r"where seconds > (\d+)", path.read_text(encoding="utf-8"))
    assert int(limit) == decisions.OLDEST_SECONDS_MAX
    assert (float(found[1]) > float(limit)) == rings
    # Also for whoever has turned off what goes well.
    assert (caplog.records[-1].levelname == "WARNING") == rings


@pytest.mark.parametrize(
    "broken",
    [
        "traces\n| were true",
        "traces\n| where nobody > 1",
        "traces\n| where (timestamp > ago(1h)",
        "traces\n| where timestamp) > 1",
        "nothing\n| where true",
        'traces\n| where message == "open',
        "traces\n| extend message",
        "traces\n| project message, timestmp",
        "traces\n| summarize worst = max(valueMax) by timestamp",
        "traces\n| project message\n| where timestamp > ago(1h)",
        "let x = 7;",
        "",
    ],
)
def test_what_is_no_query_is_not_passed_over(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.kql"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.kql"):
        query_of(path)
