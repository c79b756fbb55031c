"""The simulated store keeps what every store promises: the same tests, on the same port."""

import asyncio
from random import Random
from typing import Any

import pytest

from store.port import Store
from tests.simulation.faults import Written
from tests.simulation.network import Network
from tests.simulation.store import SimulatedStore, Tables
from tests.store.test_contract_inbox import *  # noqa: F403
from tests.store.test_contract_log import *  # noqa: F403
from tests.store.test_contract_model import *  # noqa: F403
from tests.store.test_publications import (  # noqa: F401
    test_a_cursor_moves_for_one_of_those_that_read_it,
    test_a_fence_keeps_out_whoever_read_the_head_before,
    test_a_head_that_has_moved_is_not_fenced,
    test_a_marker_that_was_set_again_stays,
    test_a_marker_that_was_taken_away_and_set_again_stays,
    test_entries_are_the_todos_with_their_requests,
    test_entries_go_on_over_pages_and_transactions,
    test_many_markers_are_all_found,
    test_markers_are_there_once_per_project_until_they_are_taken_away,
)


class AtOnce(Network):
    """Nothing takes any time."""

    def delay(self) -> float:
        return 0.0


@pytest.fixture
async def store() -> Store:
    loop: Any = asyncio.get_running_loop()
    return SimulatedStore(Tables(), AtOnce(loop, Random(0), Written()))
