import pytest

from tests.simulation.small import play
from tests.simulation.sweep import single_faults, write_pairs

PROJECT = 7
PARTS = 6


@pytest.mark.parametrize("schedule", range(6))
def test_every_call_may_fail_on_either_side(schedule: int) -> None:
    todos = [
        len(play(schedule, {place: fault})[0].tables.rows(PROJECT).todos)
        for place, fault in single_faults(schedule)
    ]
    assert len(todos) > 80
    assert set(todos) == {2}


@pytest.mark.parametrize("part", range(PARTS))
def test_every_two_writes_may_fail_on_either_side(part: int) -> None:
    pairs = list(write_pairs(schedule=0))
    assert len(pairs) > 3000
    for faults in pairs[part::PARTS]:
        play(0, faults)
