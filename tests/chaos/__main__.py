"""`make chaos`: real hosts under load, killed with -9 at random moments, then audited.

    python -m tests.chaos [--kills 50] [--hub-losses 5] [--kills-in-turn 20] [--seed N]

First one host, then two that share a data folder and take over from each other. Requests come over
HTTP and as events, and repeat until they are taken. At the end every answer and every event is
compared with the log, everything is asked for once more, the output hub is compared with the log,
and the auditor proves the storage. Exit code 0 when all of it holds; the seed is printed first.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.chaos.phases import one_host, two_hosts

SECONDS_MAX: Final = 300.0
"""The whole run; it fails when it takes longer."""


def main() -> int:
    """Run it; return the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos")
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--hub-losses", type=int, default=5, help="kills that take the task hub")
    options.add_argument("--kills-in-turn", type=int, default=20, help="of two hosts")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = options.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        _run(chosen, folder)
    except BaseException:
        print(f"what is left of it is in {folder}; again with --seed {chosen.seed}", flush=True)
        raise
    shutil.rmtree(folder)
    return 0


def _run(chosen: argparse.Namespace, folder: Path) -> None:
    began = time.monotonic()
    deadline = began + SECONDS_MAX
    print(f"one host, {chosen.kills} kills", flush=True)
    seed = str(chosen.seed)
    print(one_host(folder, seed, chosen.kills, chosen.hub_losses, deadline), flush=True)
    between = time.monotonic()
    print(f"  {between - began:7.0f} seconds", flush=True)
    print(f"two hosts on one data folder, {chosen.kills_in_turn} kills", flush=True)
    print(two_hosts(folder, seed, chosen.kills_in_turn, deadline), flush=True)
    print(f"  {time.monotonic() - between:7.0f} seconds\nevery promise held", flush=True)
    assert time.monotonic() < deadline, "it took too long"


if __name__ == "__main__":
    sys.exit(main())
