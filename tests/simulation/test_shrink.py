from statistics import median
from typing import Final

from tests.simulation.shrink import Search
from tests.simulation.sweep import first_failure
from tests.simulation.weaker_logs import NoRequestRows
from tests.simulation.world import Variant

BROKEN: Final = Variant(tables=NoRequestRows)
LINES_MAX: Final = 60


def test_failing_histories_are_made_small_enough_to_read() -> None:
    lines: list[int] = []
    first = 0
    for _ in range(3):
        whole = first_failure(range(first, 100), BROKEN)
        assert whole is not None
        small = Search(whole.seed, BROKEN).smallest()
        assert small is not None
        assert small.violation.broken is whole.violation.broken
        assert len(small.atoms) < len(whole.atoms)
        assert len(small.trace) < len(whole.trace)
        lines.append(len(small.trace))
        first = whole.seed + 1
    # Chance decides how far one search gets.
    assert median(lines) < LINES_MAX


def test_the_small_one_is_the_same_each_time() -> None:
    whole = first_failure(range(100), BROKEN)
    assert whole is not None
    one, other = (Search(whole.seed, BROKEN).smallest() for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.trace == other.trace


def test_a_history_that_holds_is_not_made_smaller() -> None:
    search = Search(0)
    assert search.smallest() is None
    assert search.runs == 1
