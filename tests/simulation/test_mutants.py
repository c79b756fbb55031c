import pytest

from tests.simulation.failover import fail_over
from tests.simulation.history import ANYTHING
from tests.simulation.ledger import Broken, Violation
from tests.simulation.mutants.catalogue import HARMLESS, MUTANTS
from tests.simulation.mutants.surroundings import remembering_entity
from tests.simulation.sweep import first_failure
from tests.simulation.world import REAL, Variant

SEEDS_MAX = 400
SEEDS_HARMLESS = 40
FAIL_OVERS = range(30)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_promise_breaks_without_it(name: str) -> None:
    mutant = MUTANTS[name]
    failure = first_failure(range(SEEDS_MAX), mutant.variant, mutant.profile)
    assert failure is not None, f"{SEEDS_MAX} histories did not notice"
    assert failure.violation.broken in mutant.breaks


@pytest.mark.parametrize("name", HARMLESS)
def test_something_else_holds_the_same_promise(name: str) -> None:
    for profile in (ANYTHING, MUTANTS["no ETag on the head"].profile):
        failure = first_failure(range(SEEDS_HARMLESS), HARMLESS[name], profile)
        assert failure is None, f"not harmless: {failure}"


def test_a_request_that_the_log_lost_in_a_fail_over_gets_its_todo_when_it_comes_again() -> None:
    assert sum(fail_over(seed, REAL) for seed in FAIL_OVERS) > len(FAIL_OVERS)


def test_an_entity_that_remembers_finished_requests_is_stuck_after_a_fail_over() -> None:
    def fail_over_often() -> None:
        for seed in FAIL_OVERS:
            fail_over(seed, Variant(entity=remembering_entity))

    with pytest.raises(Violation) as failure:
        fail_over_often()
    assert failure.value.broken is Broken.STUCK
