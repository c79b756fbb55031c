"""Every query is valid for Microsoft's parser, and finds what it asks for in what the app writes."""

import re
from typing import Final

import pytest

from telemetry.decisions import OLDEST_SECONDS_MAX
from tests.infra.kusto import QUERIES, analyses, analyze, texts
from tests.telemetry.examples import EVENTS, METRICS, written_by

TEXTS: Final = texts()
STORY: Final = "story-of-a-request"
ORCHESTRATION: Final = QUERIES.parents[1] / "triggers/durable.py"

LINES: Final = {event: written_by(decide)[0] for event, decide in EVENTS.items()}
NAMES: Final = {name.partition(".")[2]: attributes for name, attributes in METRICS.items()}

each_query = pytest.mark.parametrize("name", TEXTS)


def events(text: str) -> list[str]:
    """Return the names of lines that a query asks for."""
    named = re.findall(r'message startswith "(\w+) "', text) + re.findall(r'event == "(\w+)"', text)
    for group in re.findall(r"event in \(([^)]*)\)", text):
        named += re.findall(r'"(\w+)"', group)
    return named


def asked_metrics(text: str) -> list[str]:
    """Return the names of metrics that a query asks for, without the domain's."""
    return re.findall(r'"\.([\w.]+)"', text)


def extracted(text: str) -> dict[str, tuple[re.Pattern[str], int]]:
    """Return the patterns that take columns out of a line, with the group that counts."""
    calls = r"extend (\w+) = [^|\n]*?extract\(@'([^']+)', (\d), message\)"
    return {name: (re.compile(each), int(group)) for name, each, group in re.findall(calls, text)}


def taken(name: str, column: str, line: str) -> str | None:
    pattern, group = extracted(TEXTS[name])[column]
    found = pattern.search(line)
    return found[group] if found else None


@each_query
def test_query_is_valid_for_the_parser_of_microsoft(name: str) -> None:
    assert analyses()[name].problems == []
    assert analyses()[name].columns
    assert analyses()[name].tables


@each_query
def test_query_asks_for_lines_and_metrics_that_the_app_has(name: str) -> None:
    found = events(TEXTS[name]), asked_metrics(TEXTS[name])
    assert set(found[0]) <= LINES.keys()
    assert set(found[1]) <= NAMES.keys()
    assert any(found) or analyses()[name].tables in (["requests"], ["_LogOperation"])


@each_query
def test_what_query_takes_out_of_a_line_is_in_it(name: str) -> None:
    for event in events(TEXTS[name]) if name != STORY else []:
        for column in extracted(TEXTS[name]):
            assert taken(name, column, LINES[event]) is not None, (event, column)


@pytest.mark.parametrize("event", LINES)
def test_line_begins_with_domain_and_key(event: str) -> None:
    names = re.findall(r" (\w+)=", LINES[event].partition("requests=")[0])
    assert names[0] == "domain"
    assert "key" not in names or names[1] == "key"


def test_metric_is_shown_or_watched() -> None:
    assert {each for text in TEXTS.values() for each in asked_metrics(text)} == NAMES.keys()


@pytest.mark.parametrize("attribute", ["reason", "code"])
def test_attribute_of_a_chart_is_one_of_the_metric(attribute: str) -> None:
    assert f"customDimensions.{attribute}" in TEXTS["charts/refusals"]
    assert any(attribute in attributes for attributes in NAMES.values())


def test_orchestration_that_may_fail_has_the_name_asked_for() -> None:
    [beginning] = re.findall(r'name contains "(\w+)"', TEXTS["alerts/failing-orchestrations"])
    assert f'"{beginning}' in ORCHESTRATION.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("event", "column", "expected"),
    [
        ("created", "first_place", "42"),
        ("created", "requests", '["a","b"]'),
        ("replayed", "requests", '["a"]'),
        ("published", "first_place", "41"),
        ("published", "last_place", "42"),
    ],
)
def test_story_reads_places_and_request_ids(event: str, column: str, expected: str) -> None:
    assert taken(STORY, column, LINES[event]) == expected


def test_request_id_with_quotes_and_brackets_cannot_end_the_list() -> None:
    line = r'created domain="todo" key="7" first=1 requests=["a\"]","b"]'
    assert taken(STORY, "requests", line) == r'["a\"]","b"]'


def test_story_is_that_of_one_request_of_one_key_of_one_domain() -> None:
    text = TEXTS[STORY]
    assert "== domain_name" in text
    assert "== key_text" in text
    assert "where set_has_element(requests, request_id)" in text
    assert analyses()[STORY].columns["place"] == "long"  # one type on both sides of the union


def test_alarm_for_the_oldest_request_has_the_limit_of_warning() -> None:
    assert f"where seconds > {OLDEST_SECONDS_MAX}\n" in TEXTS["alerts/oldest-request"]


BROKEN: Final = {
    "no operator": "traces\n| were true",
    "no column": "traces\n| where nobody > 1",
    "no table": "nothing\n| where true",
    "open bracket": "traces\n| where (timestamp > ago(1h)",
    "open text": 'traces\n| where message == "open',
    "keyword as column": "traces\n| extend project = 1\n| project project",
    "two types of one column": (
        "let a = traces | extend id = toint(1);\nlet b = traces | extend id = tolong(1);\n"
        "union a, b | project id"
    ),
    "column that is gone": "traces\n| project message\n| where timestamp > ago(1h)",
}


def test_malformed_query_is_rejected() -> None:
    found = analyze(BROKEN)
    assert {name for name, each in found.items() if each.problems} == BROKEN.keys()
