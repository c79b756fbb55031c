"""Starts what the selected tests need before the first of them, and writes the page at the end."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import pytest

from localhost.conformance.corpus import Case, CaseSet, case_sets
from localhost.conformance.fidelity import SHARE_MIN, Tally, write_page
from localhost.conformance.replay import Replay
from localhost.conformance.variants import Variant, outcome_of, read_variants

VARIANTS_AT_ONCE: Final = 2
TALLY: Final = pytest.StashKey[Tally]()

Recorded = tuple[CaseSet, Case]


@dataclass(frozen=True, slots=True)
class Started:
    """What the selected tests wait for."""

    replays: dict[str, Replay]
    """The sets that hold a selected case, each replayed up to the last of them."""
    outcomes: dict[str, Future[dict[str, Any]]]
    """The selected variants, started a few at a time."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--fidelity`."""
    parser.addoption("--fidelity", action="store_true", help="write localhost/FIDELITY.md")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.stash[TALLY] = Tally()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each recorded case and variant."""
    if "recorded" in metafunc.fixturenames:
        found = [(cases, case) for cases in case_sets() for case in cases.cases if case.is_compared]
        metafunc.parametrize("recorded", found, ids=[case.id for _, case in found])
    if "variant" in metafunc.fixturenames:
        variants = read_variants()
        metafunc.parametrize("variant", variants, ids=[name for name, _ in variants])


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    """Count what is compared."""
    return request.config.stash[TALLY]


@pytest.fixture(scope="session")
def started(request: pytest.FixtureRequest) -> Iterator[Started]:
    """Start everything that the selected tests wait for."""
    wanted: dict[str, tuple[CaseSet, list[str]]] = {}
    for cases, case in _selected(request.session, "recorded"):
        wanted.setdefault(cases.path, (cases, []))[1].append(case.id)
    replays = {path: Replay(cases, ids) for path, (cases, ids) in wanted.items()}
    # The slowest sets first: they decide how long all of it takes.
    for path in sorted(replays, key=lambda path: -len(wanted[path][1]) if "durable" in path else 0):
        replays[path].start()
    variants: list[tuple[str, Variant]] = _selected(request.session, "variant")
    with ThreadPoolExecutor(VARIANTS_AT_ONCE) as pool:
        outcomes = {name: pool.submit(outcome_of, variant) for name, variant in variants}
        yield Started(replays, outcomes)


def _selected(session: pytest.Session, parameter: str) -> list[Any]:
    """Return the values of a parameter in the tests that will run."""
    items = [item for item in session.items if isinstance(item, pytest.Function)]
    calls = [item.callspec.params for item in items if hasattr(item, "callspec")]
    return [params[parameter] for params in calls if parameter in params]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page of a whole run, and fail it when too much differs."""
    tally = session.config.stash[TALLY]
    if not session.config.getoption("--fidelity") or session.shouldstop:
        return
    write_page(tally)
    if tally.share < SHARE_MIN:
        print(f"only {tally.share:.2%} of {tally.compared} cases are equal")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
