"""Real hosts under load, killed with -9 at random moments, then audited.

First one host, or its worker process, then two hosts that share a data folder and take over from
each other, then HTTP and durable functions in instances of their own, with the times of Flex
Consumption (`--apart`: those alone). Requests come over HTTP and as events, and repeat until they
are taken. At the end every answer and every event is compared with the log, everything is asked for
once more, the output hub is compared with the log, what clients saw is judged as a history, and the
auditor checks the storage and a copy of it, restored elsewhere. Exit code 0 when all of it holds,
1 when not, 130 after Ctrl-C, which leaves nothing running.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.chaos.outside import observe
from tests.chaos.phases import Plan, apart, one_host, two_hosts
from tests.domain_under_test import MODULE
from tools import stopping
from tools.azurite import running
from tools.terminal import Progress

RUNS: Final[dict[str, Callable[[Plan], str]]] = {"one": one_host, "two": two_hosts, "apart": apart}


def parsed() -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they are wrong."""
    options = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = options.add_argument
    add("--hosts", choices=[*RUNS, "all"], default="all", help="which run (all)")
    add("--apart", dest="hosts", action="store_const", const="apart", help="as --hosts apart")
    add("--storage", choices=["sqlite", "tables"], default="sqlite", help="tables: in Azurite")
    add("--kills", type=int, default=50, help="of one host (50)")
    add("--hub-losses", type=int, default=5, help="kills that take the task hub along (5)")
    add("--kills-in-turn", type=int, default=20, help="of two hosts, and of functions apart (20)")
    add("--requests", type=int, default=1_000, help="answered over HTTP in each run at least")
    add(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(10**6),
        help="of all random choices",
    )
    add("--seconds", type=float, default=600.0, help="after which it has failed (600)")
    add("--history", type=Path, metavar="FILE",
        help="write what clients saw, as a list-append history of Jepsen, to FILE-one.edn,"
             " FILE-one.jsonl, and so on for each run")  # fmt: skip
    add("--base-url", metavar="URL",
        help="send the requests to this app instead, kill nothing, and write FILE.edn and"
             " FILE.jsonl")  # fmt: skip
    add("--function-key", metavar="KEY", help="of the app at URL")
    chosen = options.parse_args()
    if chosen.base_url and not chosen.history:
        options.error("--base-url is for a --history")
    return chosen


def main() -> int:
    """Run it; return the exit code."""
    chosen = parsed()
    if chosen.base_url:
        print(observe(chosen.base_url, chosen.history, chosen.requests, chosen.function_key))
        return 0
    print(f"domain {MODULE}, storage {chosen.storage}, seed {chosen.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    began = time.monotonic()
    try:
        with _account(chosen.storage) as environ:
            _run(chosen, folder, began + chosen.seconds, environ)
    except BaseException:
        print(f"what is left of it is in {folder}; again with --seed {chosen.seed}", flush=True)
        raise
    shutil.rmtree(folder)
    print(f"Every promise held, {time.monotonic() - began:.0f} seconds long.")
    return 0


@contextmanager
def _account(storage: str) -> Iterator[Mapping[str, str]]:
    """Have an account of Azure Storage for as long as it takes, if one is wanted."""
    if storage == "sqlite":
        yield {}
        return
    with running() as azurite:
        yield {"EO_TABLES": azurite.connection_string()}


def _run(
    chosen: argparse.Namespace, folder: Path, deadline: float, environ: Mapping[str, str]
) -> None:
    kills = {"one": chosen.kills, "two": chosen.kills_in_turn, "apart": chosen.kills_in_turn}
    for name in [chosen.hosts] if chosen.hosts in RUNS else RUNS:
        print(f"hosts: {name}, {kills[name]} kills", flush=True)
        began, history = time.monotonic(), chosen.history
        with Progress("kills", kills[name]) as progress:
            plan = Plan(
                folder=folder,
                seed=str(chosen.seed),
                kills=kills[name],
                hub_losses=chosen.hub_losses,
                requests=chosen.requests,
                deadline=deadline,
                storage=chosen.storage,
                environ=environ,
                history=history and history.with_name(f"{history.name}-{name}"),
                progress=progress.add,
            )
            counted = RUNS[name](plan)
        print(f"{counted}\n  {time.monotonic() - began:7.0f} seconds", flush=True)
        assert time.monotonic() < deadline, "it took too long"


if __name__ == "__main__":
    sys.exit(stopping.run(main))
