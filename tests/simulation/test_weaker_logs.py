"""What the protocol needs of the log, and what it could do without."""

from dataclasses import replace
from typing import Final

import pytest

from tests.simulation.competing import COMPETING
from tests.simulation.history import ANYTHING, Profile
from tests.simulation.ledger import Broken
from tests.simulation.sweep import first_failure
from tests.simulation.tables import Tables
from tests.simulation.weaker_logs import (
    GuardedByHead,
    GuardedByRows,
    NoRequestRows,
    RequestRowsReplaced,
    Unguarded,
)
from tests.simulation.world import REAL

SEEDS_MAX: Final = 400
SEEDS_HARMLESS: Final = 10

NEEDED: Final = [
    (Unguarded, COMPETING, {Broken.HOLE, Broken.CHANGED, Broken.TWICE, Broken.FOLDED}),
    (GuardedByRows, ANYTHING, {Broken.HOLE, Broken.CHANGED, Broken.FOLDED, Broken.UNMARKED}),
    (NoRequestRows, ANYTHING, {Broken.TWICE, Broken.OTHER, Broken.REFUSED, Broken.STUCK}),
    (RequestRowsReplaced, COMPETING, {Broken.TWICE, Broken.SHOWN, Broken.CHANGED}),
]


@pytest.mark.parametrize(("log", "profile", "breaks"), NEEDED)
def test_promise_breaks_with_a_log_that_guards_less(
    log: type[Tables], profile: Profile, breaks: set[Broken]
) -> None:
    failure = first_failure(range(SEEDS_MAX), replace(REAL, tables=log), profile)
    assert failure is not None, f"{SEEDS_MAX} histories did not notice"
    assert failure.violation.broken in breaks


@pytest.mark.parametrize("profile", [ANYTHING, COMPETING])
def test_guarded_head_needs_no_guard_of_entries(profile: Profile) -> None:
    variant = replace(REAL, tables=GuardedByHead)
    assert first_failure(range(SEEDS_HARMLESS), variant, profile) is None
