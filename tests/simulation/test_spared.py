"""What can be left out without harm: what exists for speed, and what something else does as well.

(That an emitter may act on a state that was never committed is in every history: the fault DIRTY.)
"""

from dataclasses import replace
from typing import Final

import pytest

from tests.simulation.app import Parts
from tests.simulation.competing import COMPETING
from tests.simulation.history import ANYTHING, Profile
from tests.simulation.spared import (
    Forgetful,
    SilentHandOver,
    WithoutHints,
    WithoutSignals,
    without_group_commit,
)
from tests.simulation.sweep import first_failure
from tests.simulation.world import REAL

SEEDS: Final = 12

SPARED: Final = {
    "caches": Parts(emitter=Forgetful),
    "hints": Parts(emitter=WithoutHints),
    "signals": Parts(emitter=WithoutSignals),
    "hand-over": Parts(hand_over=SilentHandOver),
}


@pytest.mark.parametrize("profile", [ANYTHING, COMPETING], ids=["anything", "competing"])
@pytest.mark.parametrize("parts", SPARED.values(), ids=SPARED)
def test_promises_hold_without(parts: Parts, profile: Profile) -> None:
    assert first_failure(range(SEEDS), replace(REAL, parts=parts), profile) is None


@pytest.mark.parametrize("profile", [ANYTHING, COMPETING], ids=["anything", "competing"])
def test_promises_hold_without_group_commit(profile: Profile) -> None:
    with without_group_commit():
        assert first_failure(range(SEEDS), REAL, profile) is None
