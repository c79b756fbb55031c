"""Starts the replays that the selected tests need, before the first of them."""

from collections.abc import Iterator

import pytest

from localhost.conformance.corpus import Case, CaseSet, case_sets
from localhost.conformance.replay import Replay

Selected = tuple[CaseSet, Case]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each recorded case."""
    if "recorded" in metafunc.fixturenames:
        found = [(cases, case) for cases in case_sets() for case in cases.cases if case.is_compared]
        metafunc.parametrize("recorded", found, ids=[case.id for _, case in found])


@pytest.fixture(scope="session")
def replays(request: pytest.FixtureRequest) -> Iterator[dict[str, Replay]]:
    """Replay the sets that hold a selected case."""
    wanted: dict[str, tuple[CaseSet, list[str]]] = {}
    for item in request.session.items:
        selected: Selected | None = getattr(item, "callspec", None) and item.callspec.params.get(  # type: ignore[attr-defined]
            "recorded"
        )
        if selected is not None:
            cases, case = selected
            wanted.setdefault(cases.path, (cases, []))[1].append(case.id)
    started = {path: Replay(cases, ids) for path, (cases, ids) in wanted.items()}
    for replay in started.values():
        replay.start()
    return started
