"""The pages for operators name what there is: settings, lines of the log, files, headings."""

import json
import re
from pathlib import Path

import pytest

from tests.telemetry.examples import DECISIONS, METRICS

ROOT = Path(__file__).parent.parent
APP = ("todos", "store", "entities", "activities", "publishing", "telemetry", "triggers")
PAGES = [ROOT / "docs/operations.md", ROOT / "docs/deploy.md"]
OPERATIONS = PAGES[0].read_text(encoding="utf-8")

RUN_BOOK = [
    *("Audit", "Zone loss", "Storage account fail-over", "A new task hub", "Stuck orchestrations"),
    *("Poison events", "Rewinding the hub of requests", "Backup", "Restoring a table"),
    "Upgrading in flight",
]

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def section(heading: str) -> str:
    return OPERATIONS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def anchors(page: Path) -> set[str]:
    """Return the headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_setting_is_explained_with_its_default() -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))
    table = [row.split(" | ") for row in section("Settings").splitlines() if row.startswith("| `")]
    rows = {
        name: default.strip("` ")
        for names, default, *_ in table
        for name in re.findall(r"`(\w+)`", names)
    }
    for name, value in sample["Values"].items():
        if name != "FUNCTIONS_WORKER_RUNTIME":
            assert name in rows, name
        if name.startswith("TODO_"):
            assert rows[name] == (value or "none"), name
    assert {name for name in rows if name.startswith("TODO_")} <= sample["Values"].keys()


def test_every_line_to_watch_is_one_that_the_app_writes() -> None:
    files = [path for package in APP for path in (ROOT / package).rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)+|swept)`", section("What to watch")))
    assert len(names) > 10
    for name in names:
        # `settle_failed` and `inbox_remove_failed` are put together from two parts.
        assert f'"{name}' in code or name.removesuffix("_failed") in code, name


def test_every_decision_and_every_metric_is_explained() -> None:
    watched = section("What to watch")
    explained = set(re.findall(r"`([\w.]+)`", watched))
    assert DECISIONS.keys() <= explained
    assert METRICS.keys() == {name for name in explained if name.startswith("todos.")}


@pytest.mark.parametrize("heading", RUN_BOOK)
def test_every_page_of_the_run_book_names_its_drill(heading: str) -> None:
    page = section(heading)
    drill = page.partition("Drill: ")[2].partition("\n\n")[0]
    assert re.findall(r"`tests/[\w/]+(?:\.py)?`", drill), heading


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@each_page
def test_every_file_and_tool_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = re.findall(r"`((?:infra|tests|tools|docs|bench|examples)/[\w./-]*)`", text)
    modules = re.findall(r"python -m ((?:tools|bench|examples)[\w.]*)", text)
    for path in [*paths, *(module.replace(".", "/") for module in modules)]:
        assert (ROOT / path).exists() or (ROOT / f"{path}.py").exists(), path
