"""The two runs: one host that is killed again and again, and two that share a data folder."""

from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Final

from tests.chaos.killing import Counts, kill_again_and_again, kill_in_turn
from tests.chaos.traffic import Traffic
from tests.chaos.verdict import check
from tests.e2e.audit import audit
from tests.e2e.client import Client, unused_project
from tests.e2e.events import ENTRIES_HUB, HUB, SOON
from tests.e2e.server import LocalhostProcess

PROJECTS: Final = 20

ENVIRON: Final = {**SOON, "EO_REQUESTS_HUB": HUB, "EO_EVENTS_HUB": ENTRIES_HUB}


def one_host(folder: Path, seed: str, kills: int, hub_losses: int, deadline: float) -> str:
    """Kill one host under load, some times with its task hub; return what was done and checked."""
    host = LocalhostProcess(folder / "one", environ=ENVIRON)
    with ExitStack() as stack:
        hosts = [stack.enter_context(host)]
        with (traffic := _traffic(hosts)):
            counts = kill_again_and_again(host, Random(seed), kills, hub_losses, deadline)
        return _verdict(hosts, traffic, counts)


def two_hosts(folder: Path, seed: str, kills: int, deadline: float) -> str:
    """Have two hosts take over from each other; return what was done and checked."""
    both = [LocalhostProcess(folder / "two", environ=ENVIRON, standby=True) for _ in range(2)]
    with ExitStack() as stack:
        hosts = [stack.enter_context(each) for each in both]
        with (traffic := _traffic(hosts)):
            counts = kill_in_turn(hosts, Random(seed), kills, deadline)
        return _verdict(hosts, traffic, counts)


def _traffic(hosts: list[LocalhostProcess]) -> Traffic:
    return Traffic([each.base_url for each in hosts], [unused_project() for _ in range(PROJECTS)])


def _verdict(hosts: list[LocalhostProcess], traffic: Traffic, counts: Counts) -> str:
    found = check([Client(each.base_url) for each in hosts], traffic, traffic.projects)
    lines = [f"  {number:7,} {what}" for what, number in (dict(counts) | found).items()]
    return "\n".join([*lines, *(f"  {line}" for line in audit(hosts[0]).splitlines())])
