"""The runs: a host that is killed, two that share a data folder, and one with its functions apart."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.chaos import judge
from tests.chaos.killing import Counts, Killer
from tests.chaos.restored import restored
from tests.chaos.traffic import Traffic
from tests.chaos.verdict import canonical, check, name_of
from tests.e2e.audit import audit
from tests.e2e.client import Client, unused_key
from tests.e2e.events import ENTRIES_HUB, HUB, SOON
from tests.e2e.server import LocalhostProcess

KEYS: Final = 20

ENVIRON: Final = {**SOON, "EO_REQUESTS_HUB": HUB, "EO_EVENTS_HUB": ENTRIES_HUB}


APART: Final = {**ENVIRON, "LOCALHOST_PROFILE": "flex", "LOCALHOST_TIME_FACTOR": "0.1"}
"""As on Flex Consumption; lease and visibility are 4 and 30 seconds."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What happens to the hosts."""

    folder: Path
    """For their data, and what they print."""
    seed: str
    kills: int
    hub_losses: int = 0
    requests: int = 0
    """At least so many are answered over HTTP."""
    deadline: float
    """Of `time.monotonic`."""
    storage: str = "sqlite"
    environ: Mapping[str, str] = field(default_factory=dict)
    """Besides: for `tables` the account."""
    history: Path | None = None
    """Where to write what clients saw: `.edn` and `.jsonl` are added."""
    progress: Callable[[int, str], None] = lambda _, __: None
    """Hears of each kill: 1, and what was killed."""


def one_host(plan: Plan) -> str:
    """Kill one host, or its worker, under load; return what was done and checked."""
    host = _host(plan, "one", ENVIRON)
    return _run(plan, [host], lambda killer: killer.kill_again_and_again(host, plan.hub_losses))


def two_hosts(plan: Plan) -> str:
    """Have two hosts take over from each other; return what was done and checked."""
    hosts = [_host(plan, "two", ENVIRON, standby=True) for _ in range(2)]
    return _run(plan, hosts, lambda killer: killer.kill_in_turn(hosts))


def apart(plan: Plan) -> str:
    """Kill HTTP and durable functions, each apart; return what was done and checked."""
    host = _host(plan, "apart", APART)
    return _run(plan, [host], lambda killer: killer.kill_apart(host))


def _host(
    plan: Plan, name: str, environ: Mapping[str, str], *, standby: bool = False
) -> LocalhostProcess:
    everything = {**environ, **plan.environ}
    return LocalhostProcess(plan.folder / name, plan.storage, everything, standby=standby)


def _run(plan: Plan, hosts: list[LocalhostProcess], kill: Callable[[Killer], Counts]) -> str:
    with ExitStack() as stack:
        for each in hosts:
            stack.enter_context(each)
        traffic = Traffic([e.base_url for e in hosts], [unused_key() for _ in range(KEYS)])
        with traffic:
            counts = kill(Killer(Random(plan.seed), plan.kills, plan.deadline, plan.progress))
            traffic.wait_for_answers(plan.requests)
        return _verdict(plan, hosts, traffic, counts)


def _verdict(plan: Plan, hosts: list[LocalhostProcess], traffic: Traffic, counts: Counts) -> str:
    found, told = check([Client(each.base_url) for each in hosts], traffic)
    traffic.read_all(Client(hosts[0].base_url))
    names = name_of(told)
    path = plan.history or plan.folder / "history"
    traffic.history.write(path, lambda entry: names.get(canonical(entry), "of nobody"))
    operations = list(judge.read(path.with_name(f"{path.name}.jsonl")))
    wrong = judge.problems(operations)
    assert not wrong, "\n".join(wrong[:10])
    counted = dict(counts) | found | {"operations of a history that is linear": len(operations)}
    lines = [f"  {number:7,} {what}" for what, number in counted.items()]
    proved = [audit(hosts[0]), restored(hosts[0], plan.folder / "copy")]
    return "\n".join([*lines, *(f"  {line}" for text in proved for line in text.splitlines())])
