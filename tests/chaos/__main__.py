"""`make chaos`: a real host under load, killed with -9 at random moments, then audited.

    python -m tests.chaos [--kills 50] [--seed N] [--storage sqlite]

Every request repeats until it is answered with a TODO. At the end each answer is compared with
the log, everything is asked for once more, and the auditor proves the storage. Exit code 0 when
all of it holds; the seed is printed first.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from tests.e2e.audit import audit
from tests.e2e.client import Client, unused_project
from tests.e2e.load import Load, requests_for
from tests.e2e.server import LocalhostProcess

SECONDS_MAX: Final = 300.0
"""The whole run; it fails rather than take longer."""

ALIVE_SECONDS_MAX: Final = 1.5
"""A host lives for a random time up to this; starting takes about half a second more."""

REQUESTS_PER_KILL: Final = 150
"""Enough that there is load to the end; what is left then is sent without kills."""

PROJECTS: Final = 20


def main() -> int:
    """Run it; return the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos")
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options.add_argument("--hub-losses", type=int, default=5, help="kills that take the task hub")
    chosen = options.parse_args()
    print(f"seed {chosen.seed}, {chosen.kills} kills", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        environ = {"TODO_SWEEP_AFTER_SECONDS": "1", "TODO_SWEEP_SCHEDULE": "*/1 * * * * *"}
        with LocalhostProcess(Path(folder) / "data", environ=environ) as server:
            load = _run(server, random.Random(chosen.seed), chosen.kills, chosen.hub_losses)
            load.check(Client(server.base_url))
            print(audit(server), end="")
    seconds = time.monotonic() - began
    print(f"{len(load.answers)} TODOs, {chosen.kills} kills, {seconds:.0f} s: every promise held")
    assert seconds < SECONDS_MAX, "it took too long"
    return 0


def _run(server: LocalhostProcess, chance: random.Random, kills: int, hub_losses: int) -> Load:
    projects = [unused_project() for _ in range(PROJECTS)]
    load = Load(requests_for(projects, kills * REQUESTS_PER_KILL))
    sender = threading.Thread(target=load.send, args=[server.base_url])
    sender.start()
    pause = threading.Event()
    losses = set(chance.sample(range(kills), min(hub_losses, kills)))
    for kill in range(kills):
        pause.wait(chance.uniform(0, ALIVE_SECONDS_MAX))
        server.kill9()
        if kill in losses:
            for file in server.data.glob("taskhub.db*"):
                file.unlink()
        server.start()
    sender.join()
    return load


if __name__ == "__main__":
    sys.exit(main())
