"""Every promise, at every step of histories in which everything may fail; more with `make faults`."""

import os
from typing import Final

import pytest

from tests.simulation.sweep import Totals, run_seeds

SEEDS: Final = int(os.environ.get("SEEDS", "200"))
PARTS: Final = 10


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_holds_at_every_step(part: int) -> None:
    totals = Totals()
    run_seeds(range(part, SEEDS, PARTS), totals)
    assert totals.entries > totals.histories  # histories in which nothing succeeds prove nothing
    assert sum(totals.faults.values()) > totals.histories
