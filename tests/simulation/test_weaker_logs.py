"""What the protocol needs of the log, and what it could do without."""

from dataclasses import replace
from typing import Final

import pytest

from tests.simulation.competing import COMPETING
from tests.simulation.history import ANYTHING, Profile
from tests.simulation.ledger import Broken
from tests.simulation.store import Tables
from tests.simulation.sweep import first_failure
from tests.simulation.weaker_logs import (
    GuardedByHead,
    GuardedByRows,
    NoRequestRows,
    RequestRowsReplaced,
    Unguarded,
)
from tests.simulation.world import REAL

SEEDS_MAX: Final = 400
SEEDS_HARMLESS: Final = 40

NEEDED: Final = [
    (Unguarded, COMPETING, {Broken.HOLE, Broken.CHANGED, Broken.TWICE}),
    (GuardedByRows, ANYTHING, {Broken.HOLE}),
    (NoRequestRows, ANYTHING, {Broken.TWICE, Broken.OTHER, Broken.REFUSED}),
    (RequestRowsReplaced, ANYTHING, {Broken.TWICE}),
]


@pytest.mark.parametrize(("log", "profile", "breaks"), NEEDED)
def test_a_promise_breaks_with_a_log_that_guards_less(
    log: type[Tables], profile: Profile, breaks: set[Broken]
) -> None:
    failure = first_failure(range(SEEDS_MAX), replace(REAL, tables=log), profile)
    assert failure is not None, f"{SEEDS_MAX} histories did not notice"
    assert failure.violation.broken in breaks


@pytest.mark.parametrize("log", [Tables, GuardedByHead])
@pytest.mark.parametrize("profile", [ANYTHING, COMPETING])
def test_a_log_whose_head_is_guarded_needs_no_guard_of_its_todos(
    log: type[Tables], profile: Profile
) -> None:
    assert first_failure(range(SEEDS_HARMLESS), replace(REAL, tables=log), profile) is None
