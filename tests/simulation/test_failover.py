from typing import Final

from tests.simulation.failover import fail_over
from tests.simulation.world import REAL

FAIL_OVERS: Final = range(30)


def test_a_request_that_the_log_lost_in_a_fail_over_gets_its_todo_when_it_comes_again() -> None:
    assert sum(fail_over(seed, REAL) for seed in FAIL_OVERS) > len(FAIL_OVERS)
