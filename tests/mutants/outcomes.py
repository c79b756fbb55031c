"""A plugin for pytest: says of every test whether it broke a promise, or just broke.

A mutant is caught when a test sees that something does not hold. One that merely does not run
(a name that is not there, a type that does not fit) is no mutant, and its failures prove nothing.
"""

import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.simulation.ledger import Violation

PASSED: Final = "passed"
VIOLATED: Final = "violated"

SEEN: Final = (AssertionError, Violation, pytest.fail.Exception)
"""What a test raises that saw something wrong."""

OUTCOMES: Final = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--outcomes", type=Path, help="where to write them, by test, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OUTCOMES] = {}


def pytest_collection_finish() -> None:
    """Nobody wants to see how a mutant fails in the smallest possible history."""
    if shrink := sys.modules.get("tests.simulation.shrink"):
        vars(shrink)["RUNS_MAX"] = 0


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.config.stash[OUTCOMES].get(name_of(item.nodeid)) == VIOLATED:
        pytest.skip("red with other parameters already")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    outcomes, name = item.config.stash[OUTCOMES], name_of(item.nodeid)
    if report.failed and call.excinfo is not None and outcomes.get(name) != VIOLATED:
        seen = report.when == "call" and _is_seen(call.excinfo.value)
        outcomes[name] = VIOLATED if seen else f"{report.when}: {call.excinfo.exconly()}"
    elif report.passed and report.when == "call":
        outcomes.setdefault(name, PASSED)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Any = session.config.getoption("outcomes")
    path.write_text(json.dumps(session.config.stash[OUTCOMES]), encoding="utf-8")


def name_of(node_id: str) -> str:
    """Return the node id without parameters."""
    return node_id.partition("[")[0]


def _is_seen(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_seen, error.exceptions))
    return isinstance(error, SEEN)
