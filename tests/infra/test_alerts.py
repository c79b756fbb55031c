"""Alarms ask for what the app really logs, and every one has its place in the run book."""

import re
from pathlib import Path

import pytest

from tests.infra.bicep import INFRA, read

ROOT = INFRA.parent
QUERIES = sorted((INFRA / "queries").glob("*.kql"))
APP = ("todos", "store", "entities", "activities", "publishing", "triggers")
TABLES = {"traces", "requests"}
OPERATORS = {"where", "extend", "project", "summarize"}
RULES = read(INFRA / "modules/alerts.bicep").of("var")["rules"].text

each_query = pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)


def logged() -> set[str]:
    """Return the names that lines of the app begin with."""
    files = [path for package in APP for path in (ROOT / package).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    calls = r'log\.(?:debug|info|warning|error|exception)\(\s*"(\w+)'
    return {name for text in texts for name in re.findall(calls, text)}


def statement(path: Path) -> list[str]:
    """Return the query, a step per line, without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("//")]


@each_query
def test_a_query_is_a_table_and_steps_that_are_closed(path: Path) -> None:
    table, *steps = statement(path)
    assert table in TABLES
    assert steps
    for step in steps:
        found = re.match(r"\| (\w+) \S", step)
        assert found, step
        assert found[1] in OPERATORS
        bare = re.sub(r'@?"[^"]*"', "", step)
        assert '"' not in bare
        assert bare.count("(") == bare.count(")")


@each_query
def test_a_query_asks_for_lines_that_the_app_writes(path: Path) -> None:
    text = "\n".join(statement(path))
    for name in re.findall(r'message startswith "(\w+) "', text):
        assert name in logged()
    for name in re.findall(r'name == "(\w+)"', text):
        outbox = (ROOT / "activities/hub.py").read_text(encoding="utf-8")
        assert f'ORCHESTRATION_NAME: Final = "{name}"' in outbox


@each_query
def test_what_a_query_takes_out_of_a_line_is_in_it(path: Path) -> None:
    text = "\n".join(statement(path))
    sources = "\n".join(
        file.read_text(encoding="utf-8")
        for package in APP
        for file in (ROOT / package).glob("*.py")
    )
    starts = re.findall(r'message startswith "(\w+) "', text)
    for field in re.findall(r'extract\(@"(\w+)=', text):
        assert all(re.search(rf'"{start} [^"]*\b{field}=%s', sources) for start in starts), field


def test_every_query_is_an_alarm_of_the_same_name() -> None:
    names = re.findall(r"^    name: '([\w-]+)'$", RULES, re.MULTILINE)
    files = re.findall(r"loadTextContent\('\.\./queries/([\w-]+)\.kql'\)", RULES)
    assert names == files
    assert sorted(names) == [path.stem for path in QUERIES]


def test_a_window_is_at_least_as_long_as_the_pause_between_two_looks() -> None:
    windows = [int(minutes) for minutes in re.findall(r"window: 'PT(\d+)M'", RULES)]
    assert len(windows) == len(QUERIES)
    assert min(windows) >= 5  # evaluationFrequency


@each_query
def test_an_alarm_is_in_the_run_book(path: Path) -> None:
    assert f"({path.stem})" in (ROOT / "docs/operations.md").read_text(encoding="utf-8")
