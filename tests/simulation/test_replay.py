import os
import subprocess
import sys

from tests.simulation.sweep import first_failure
from tests.simulation.weaker_logs import NoRequestRows
from tests.simulation.world import Variant

SEED = 12


def replay(seed: int, hash_seed: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", str(seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    ).stdout


def test_a_seed_replays_the_same_history_in_another_process() -> None:
    one, other = replay(SEED, "1"), replay(SEED, "2")
    assert one == other
    assert "log.append" in one
    assert one.endswith(f"Every promise held in history {SEED}.\n")


def test_another_seed_is_another_history() -> None:
    assert replay(SEED, "1") != replay(SEED + 1, "1")


def test_a_failure_names_the_command_that_replays_it() -> None:
    failure = first_failure(range(100), Variant(tables=NoRequestRows))
    assert failure is not None
    assert f"python -m tests.simulation {failure.seed}" in str(failure)
