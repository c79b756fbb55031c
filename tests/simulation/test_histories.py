import os

import pytest

from tests.simulation.sweep import Totals, run_seeds

SEEDS = int(os.environ.get("SEEDS", "400"))
PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_holds_at_every_step_whatever_fails(part: int) -> None:
    totals = Totals()
    run_seeds(range(part, SEEDS, PARTS), totals)
    assert totals.todos > totals.histories  # histories in which nothing succeeds prove nothing
    assert sum(totals.faults.values()) > totals.histories
