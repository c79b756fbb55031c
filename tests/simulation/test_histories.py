"""Every promise, at every step of histories in which everything may fail; more with `make faults`."""

import os
from typing import Final

import pytest

from tests.simulation.history import HistoryFailed
from tests.simulation.sweep import Totals, run_seeds

SEEDS: Final = int(os.environ.get("SEEDS", "200"))
PARTS: Final = 10

failed: Final[list[int]] = []
"""Parts that did not hold: one failure that was made small is enough to read."""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_holds_at_every_step(part: int) -> None:
    totals = Totals()
    try:
        run_seeds(range(part, SEEDS, PARTS), totals, shrink=not failed)
    except HistoryFailed:
        failed.append(part)
        raise
    assert totals.entries > totals.histories  # histories in which nothing succeeds prove nothing
    assert sum(totals.faults.values()) > totals.histories
