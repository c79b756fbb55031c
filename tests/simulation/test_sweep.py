"""A sweep over many histories ends, whatever becomes of them, and leaves nothing running."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from typing import Final

import pytest

from tests.simulation import __main__ as command
from tests.simulation.sweep import SEEDS_PER_PART, Failure, Part, Totals, run_on_all_cores

SEEDS: Final = range(SEEDS_PER_PART * 6)

FAILING: Final = SEEDS_PER_PART * 2
"""Its part is neither the first nor the last one of a process."""


def counted(seeds: Sequence[int]) -> Part:
    return Totals(histories=len(seeds))


def failing(seeds: Sequence[int]) -> Part:
    return Failure("broken", FAILING) if FAILING in seeds else counted(seeds)


def dying(seeds: Sequence[int]) -> Part:
    if FAILING in seeds:
        os._exit(9)
    return counted(seeds)


def until_failure(run: Callable[[Sequence[int]], Part]) -> Failure | None:
    for part in run_on_all_cores(SEEDS, run):
        if isinstance(part, Failure):
            return part
    return None


def test_every_seed_is_run() -> None:
    parts = list(run_on_all_cores(SEEDS, counted))
    assert sum(each.histories for each in parts if isinstance(each, Totals)) == len(SEEDS)
    assert multiprocessing.active_children() == []


def test_failing_sweep_ends_and_leaves_no_process() -> None:
    assert until_failure(failing) == Failure("broken", FAILING)
    assert multiprocessing.active_children() == []


def test_process_that_dies_fails_the_sweep() -> None:
    failure = until_failure(dying)
    assert failure is not None
    assert failure.seed is None
    assert multiprocessing.active_children() == []


def test_sweep_says_which_history_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replayed: list[tuple[int, bool]] = []
    monkeypatch.setattr(command, "run_on_all_cores", lambda _: iter([Failure("broken", FAILING)]))
    monkeypatch.setattr(command, "replay", lambda seed, whole: replayed.append((seed, whole)))
    assert command.sweep(SEEDS) == 1
    assert "broken" in capsys.readouterr().out
    assert replayed == [(FAILING, False)]
