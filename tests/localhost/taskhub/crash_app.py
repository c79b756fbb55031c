"""A small app on a hub that gets killed. Run as a program: scenarios in, what happened out.

The program imports everything once and forks a process per life of a hub, so that a sweep over
all fault points costs seconds, not minutes.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.durable_functions import EntityId

from localhost.taskhub import Faults, HubOptions, TaskHub
from localhost.taskhub.management import Conflict
from tests.localhost.taskhub.apps import App

LEDGER = EntityId("Ledger", "k")
LIFE_SECONDS_MAX = 20


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to die: a fault plan, or the number of lives that end after a random time."""

    name: str
    plan: str = "{}"
    lives: int = 1
    signals: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen in all lives together."""

    name: str
    killed: int
    status: str
    output: Any
    state: list[str]
    ran: list[str]
    """Functions that were run, in order, in all lives."""
    acknowledged: list[str]


class Journal:
    """Lines that survive the process, one file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, kind: str, line: str) -> None:
        with (self._folder / kind).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def read(self, kind: str) -> list[str]:
        path = self._folder / kind
        return path.read_text("utf-8").splitlines() if path.exists() else []


class Order:
    """Lets a function wait until its caller has committed.

    A sent message runs before its sender's commit is complete. A sweep that wants to know what
    exactly dies must not kill two of them at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def wait(self, sql: str) -> None:
        """Wait until the query finds a row."""
        with closing(sqlite3.connect(self._path)) as connection:
            deadline = time.monotonic() + LIFE_SECONDS_MAX
            while not connection.execute(sql).fetchone():
                assert time.monotonic() < deadline, sql

    def episodes(self, count: int) -> None:
        self.wait(f"SELECT 1 FROM history WHERE instance = 'i' AND seq >= {count}")

    def operation(self, name: str) -> None:
        self.wait(f"SELECT 1 FROM instances WHERE id = '@ledger@k' AND instr(input, '{name}')")


def build_app(journal: Journal, order: Order) -> App:
    app = App()

    @app.entity
    def ledger(context: Any) -> None:
        journal.write("ran", f"entity {context.operation_name}")
        if context.operation_name in ("call", "signal"):
            order.episodes(1 if context.operation_name == "call" else 3)
        entries = [*context.get_state(list), context.operation_name]
        context.set_state(entries)
        context.set_result(len(entries))

    @app.activity
    def act(input_: Any) -> Any:
        journal.write("ran", "activity")
        order.episodes(2)
        return input_

    @app.orchestrator
    def orch(context: Any) -> Any:
        yield context.call_entity(LEDGER, "call")
        order.operation("call")
        answer = yield context.call_activity("act", "answer")
        context.signal_entity(LEDGER, "signal")
        return answer

    return app


async def live(folder: Path, scenario: Scenario, plan: str) -> None:
    """One life: open the hub, do what is not done yet, wait until all is finished."""
    journal = Journal(folder)
    options = HubOptions()
    app = build_app(journal, Order(folder / "hub.db"))
    hub = TaskHub(folder / "hub.db", app, options, Faults.of(json.loads(plan)))
    await hub.start()
    async with asyncio.timeout(LIFE_SECONDS_MAX):
        await _signal_what_is_missing(hub, journal, scenario)
        if not journal.read("started"):
            with suppress(Conflict):  # a life before this one died before it could note it
                await _management(hub).start("orch", "i", None, None)
            journal.write("started", "i")
        await _until(lambda: _status(hub, "i")[0] == "Completed")
        names = {"call", "signal", *_names(scenario)}
        await _until(lambda: names <= set(_state(hub)))
    await hub.stop()
    app.close()


def _names(scenario: Scenario) -> list[str]:
    return [f"client{number}" for number in range(scenario.signals or 1)]


async def _signal_what_is_missing(hub: TaskHub, journal: Journal, scenario: Scenario) -> None:
    acknowledged = set(journal.read("acknowledged"))

    async def send(name: str) -> None:
        await _management(hub).signal("Ledger", "k", name, None)
        journal.write("acknowledged", name)

    missing = [name for name in _names(scenario) if name not in acknowledged]
    await asyncio.gather(*[send(name) for name in missing])
    if not scenario.signals:  # one at a time, so that the sweep can count on the order
        await _until(lambda: bool(_state(hub)) and not _pending(hub))


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what it looks at is in a file
        await asyncio.sleep(0.001)


def _management(hub: TaskHub) -> Any:
    return hub.management


def _status(hub: TaskHub, instance: str) -> tuple[str, Any]:
    row = hub._file.reader.execute(
        "SELECT status, output FROM instances WHERE id = ?", (instance,)
    ).fetchone()
    return row or ("", None)


def _state(hub: TaskHub) -> list[str]:
    row = hub._file.reader.execute("SELECT input FROM instances WHERE id = '@ledger@k'").fetchone()
    return json.loads(row[0]) if row else []


def _pending(hub: TaskHub) -> int:
    return int(hub._file.reader.execute("SELECT count(*) FROM messages").fetchone()[0])


def _fork(folder: Path, scenario: Scenario, plan: str, seconds: float | None) -> bool:
    """Run one life in a process of its own; return whether it was killed."""
    child = os.fork()
    if child == 0:
        if seconds is not None:  # an alarm that nobody handles ends the process as SIGKILL does
            signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            asyncio.run(live(folder, scenario, plan))
        except BaseException as error:  # noqa: BLE001
            sys.stderr.write(f"{scenario.name}: {error!r}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, scenario
    return os.WIFSIGNALED(status)


def play(folder: Path, scenario: Scenario) -> Outcome:
    """Let the hub live and die as the scenario says, then once to the end."""
    chance = random.Random(scenario.seed)
    killed = 0
    for _ in range(scenario.lives):
        seconds = chance.uniform(0.005, 0.04) if scenario.signals else None
        killed += _fork(folder, scenario, scenario.plan, seconds)
    _fork(folder, scenario, "{}", None)
    journal = Journal(folder)
    status, output, state = asyncio.run(_look(folder))
    ran, acknowledged = journal.read("ran"), journal.read("acknowledged")
    return Outcome(scenario.name, killed, status, output, state, ran, acknowledged)


async def _look(folder: Path) -> tuple[str, Any, list[str]]:
    app = App()
    hub = TaskHub(folder / "hub.db", app, HubOptions())
    await hub.start()
    status, output = _status(hub, "i")
    state = _state(hub)
    await hub.stop()
    app.close()
    return status, json.loads(output), state


def main() -> None:
    """Play the scenarios in the first argument below the folder in the second."""
    warnings.simplefilter("ignore")  # of the SDK, on duplicates: they are what this is about
    for number, fields in enumerate(json.loads(sys.argv[1])):
        folder = Path(sys.argv[2]) / str(number)
        folder.mkdir()
        outcome = play(folder, Scenario(**fields))
        shown = {name: getattr(outcome, name) for name in Outcome.__slots__}
        sys.stdout.write(json.dumps(shown) + "\n")


if __name__ == "__main__":
    main()
