"""What can be left out without harm, because something else holds the same promise.

(That `emit` may act on a state that was never committed is in every history: the fault DIRTY.)
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.simulation.competing import COMPETING
from tests.simulation.history import ANYTHING, Profile
from tests.simulation.process import Parts
from tests.simulation.spared import HeadBeforeState, silent_outbox, sweep_without
from tests.simulation.sweep import first_failure
from tests.simulation.world import REAL, Variant

SEEDS: Final = 40


def _with(**parts: Any) -> Variant:
    return replace(REAL, parts=Parts(**parts))


SPARED: Final[Mapping[str, Variant]] = {
    "the head is read after the state": _with(emitter=HeadBeforeState),
    "the sweeper signals": _with(sweep=sweep_without("create")),
    "orchestrations signal again": replace(REAL, outbox=silent_outbox),
}


@pytest.mark.parametrize("name", SPARED)
@pytest.mark.parametrize("profile", [ANYTHING, COMPETING])
def test_something_else_holds_the_same_promise(name: str, profile: Profile) -> None:
    failure = first_failure(range(SEEDS), SPARED[name], profile)
    assert failure is None, f"not harmless: {failure}"
