"""Every query is valid for Microsoft's parser and asks for what infra/queries/names.json promises."""

import json
import re
from typing import Any, Final

import pytest

from tests.infra.kusto import QUERIES, analyses, analyze, texts

NAMES: Final[dict[str, Any]] = json.loads((QUERIES / "names.json").read_text(encoding="utf-8"))
EXAMPLES: Final[dict[str, str]] = NAMES["lines"]
TEXTS: Final = texts()
STORY: Final = "story-of-a-request"

each_query = pytest.mark.parametrize("name", TEXTS)


def events(text: str) -> list[str]:
    """Return the names of lines that a query asks for."""
    named = re.findall(r'message startswith "(\w+) "', text) + re.findall(r'event == "(\w+)"', text)
    for group in re.findall(r"event in \(([^)]*)\)", text):
        named += re.findall(r'"(\w+)"', group)
    return named


def metrics(text: str) -> list[str]:
    named = re.findall(r'"\.(\w+)"', text) + re.findall(r'metric == "(\w+)"', text)
    for group in re.findall(r"metric in \(([^)]*)\)", text):
        named += re.findall(r'"(\w+)"', group)
    return named


def extracted(text: str) -> dict[str, tuple[re.Pattern[str], int]]:
    """Return the patterns that take columns out of a line, by column, with the group that counts."""
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
def test_query_asks_for_lines_and_metrics_that_are_promised(name: str) -> None:
    found = events(TEXTS[name]), metrics(TEXTS[name])
    assert set(found[0]) <= EXAMPLES.keys()
    assert set(found[1]) <= NAMES["metrics"].keys()
    assert any(found) or analyses()[name].tables in (["requests"], ["_LogOperation"])


@each_query
def test_what_query_takes_out_of_a_line_is_in_it(name: str) -> None:
    if name == STORY:
        return  # it asks for lines of any name; see below
    for event in events(TEXTS[name]):
        for column in extracted(TEXTS[name]):
            assert taken(name, column, EXAMPLES[event]) is not None, (event, column)


@pytest.mark.parametrize("event", EXAMPLES)
def test_example_of_a_line_is_of_the_promised_form(event: str) -> None:
    line = EXAMPLES[event]
    field = r"\w+=(?:-?[\d.]+|\"(?:[^\"\\]|\\.)*\"|\[[^\]]*\])"
    assert re.fullmatch(rf"{event}(?: {field})+", line)
    places = {name: place for place, name in enumerate(re.findall(r" (\w+)=", line))}
    assert places.get("domain", 0) == 0
    assert places.get("key", 1) == 1


def test_metric_that_is_promised_is_shown_or_watched() -> None:
    asked = {each for text in TEXTS.values() for each in metrics(text)}
    assert asked == NAMES["metrics"].keys()


def test_attribute_of_a_chart_is_promised() -> None:
    promised = {each for attributes in NAMES["metrics"].values() for each in attributes}
    for text in TEXTS.values():
        assert set(re.findall(r"customDimensions\.(\w+)", text)) <= promised


def test_orchestration_that_may_fail_is_the_promised_one() -> None:
    assert f'name endswith "{NAMES["orchestration"]}"' in TEXTS["alerts/failing-orchestrations"]


@pytest.mark.parametrize(
    ("event", "column", "expected"),
    [
        ("created", "place", "41"),
        ("created", "many", '["2","1c9e"]'),
        ("replayed", "one", '"1c9e"'),
        ("published", "last_place", "42"),
    ],
)
def test_story_reads_places_and_request_ids(event: str, column: str, expected: str) -> None:
    assert taken(STORY, column, EXAMPLES[event]) == expected


def test_request_id_with_quotes_and_brackets_cannot_end_the_list() -> None:
    line = r'created domain="todo" key=7 place=1 requests=["a\"]","b"]'
    assert taken(STORY, "many", line) == r'["a\"]","b"]'


def test_story_is_that_of_one_request_of_one_key_of_one_domain() -> None:
    text = TEXTS[STORY]
    assert "== domain_name" in text
    assert "== key_text" in text
    assert "where set_has_element(requests, request_id)" in text
    assert analyses()[STORY].columns["place"] == "long"  # one type on both sides of the union


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


def test_what_is_no_query_is_found_out() -> None:
    found = analyze(BROKEN)
    assert {name for name, each in found.items() if each.problems} == BROKEN.keys()
