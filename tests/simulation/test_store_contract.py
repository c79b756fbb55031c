"""The simulated store keeps what every store promises: the same tests, on the same ports."""

import asyncio
from random import Random
from typing import Any

import pytest

from store.ports.store import Store
from tests.simulation.faults import Written
from tests.simulation.network import Network
from tests.simulation.store import SimulatedStore
from tests.simulation.tables import Tables
from tests.store.test_contract_inbox import *  # noqa: F403
from tests.store.test_contract_log import *  # noqa: F403
from tests.store.test_contract_model import *  # noqa: F403
from tests.store.test_contract_publications import *  # noqa: F403
from tests.store.test_contract_reading import *  # noqa: F403

del test_entry_says_when_it_was_appended  # noqa: F821 - the simulation's entries bear no time


class AtOnce(Network):
    """Nothing takes any time."""

    def delay(self, name: str = "") -> float:  # noqa: ARG002 - the same for all
        return 0.0


@pytest.fixture
async def store() -> Store:
    loop: Any = asyncio.get_running_loop()
    return SimulatedStore(Tables(), AtOnce(loop, Random(0), Written()))
