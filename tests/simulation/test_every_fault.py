"""A small history, broken at each of its calls and at many pairs of them.

All pairs, on any number of schedules: `python -m tests.simulation --pairs 6`.
"""

from itertools import islice
from typing import Final

import pytest

from tests.simulation.small import pairs, play, single_faults

PAIRS_EVERY: Final = 10
"""Of so many pairs one is tried here, on each schedule another."""


@pytest.mark.parametrize("schedule", range(2))
def test_every_call_may_fail_on_either_side(schedule: int) -> None:
    faults = list(single_faults(schedule))
    assert len(faults) > 100
    for each in faults:
        play(schedule, each)


@pytest.mark.parametrize("schedule", range(2))
def test_two_writes_may_happen_and_nobody_knows(schedule: int) -> None:
    tried = list(islice(pairs(schedule), schedule, None, PAIRS_EVERY))
    assert len(tried) > 20
    for each in tried:
        play(schedule, each)
