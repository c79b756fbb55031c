"""Runs the check of an exercise on a file, and says what it found."""

import gc
import importlib
import importlib.util
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

from workshop.catalogue import Exercise
from workshop.simulator.explore import Explored, Scenario, explore
from workshop.simulator.history import History
from workshop.simulator.traces import ANSWER, described

SECONDS_MAX: Final = 20
"""Of the processor, not of the clock: other programs may keep it busy. A check that takes more
loops without an `await`; checks of TLA+ have their own limit."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found."""

    passed: bool
    broken: str = ""
    """The promise that is broken."""
    history: History = field(default_factory=History)
    looked: str = ""
    """How many histories were looked at."""

    def lines(self) -> list[str]:
        """Say what is broken, and in at most twelve lines how it came to that."""
        return [f"BROKEN: {self.broken}", *self.history.shown()]


def failed(broken: str, history: History) -> Verdict:
    """Return a verdict that something is broken."""
    return Verdict(passed=False, broken=broken, history=history)


class TooSlow(BaseException):
    """The check takes too long; not an Exception, so that no code under test handles it."""


def examine(exercise: Exercise, file: Path) -> Verdict:
    """Check a learner's file, the solution or the starting file."""
    check = importlib.import_module(f"workshop.{exercise.folder.name}.check")
    if file.suffix == ".tla":
        return of_model(check, file)
    try:
        code = load(file)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a learner's file does
        return failed(f"the file does not run: {described(error)}", History())
    try:
        with at_most(SECONDS_MAX), without_noise() as forgotten:
            verdict = judge(check, code)
    except TooSlow:
        return failed(f"no end after {SECONDS_MAX} s: is there a loop without `await`?", History())
    except Exception as error:  # noqa: BLE001 - as above
        return failed(f"your code raises {described(error)}", History())
    return failed(forgotten[0], verdict.history) if forgotten else verdict


def of_model(check: ModuleType, file: Path) -> Verdict:
    """Let a check that does not run Python look at a file."""
    try:
        verdict: Verdict = check.examine(file)
    except SystemExit as error:  # there is no Java, and no way to get it
        return failed(str(error), History())
    return verdict


def judge(check: ModuleType, code: Any) -> Verdict:
    """Explore the scenarios of a check one after the other, up to the first fault."""
    explored: list[Explored] = []
    scenarios: list[Scenario] = check.scenarios(code)
    for scenario in scenarios:
        found = explore(scenario)
        if found.fault:
            return failed(found.fault.broken, found.fault.history)
        explored.append(found)
    return Verdict(passed=True, looked=said(explored))


def load(file: Path) -> ModuleType:
    """Import a file afresh. Raises whatever it raises."""
    spec = importlib.util.spec_from_file_location(f"{ANSWER}{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    # Not through the cache of compiled files: it goes by seconds, and a learner saves faster.
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), module.__dict__)  # noqa: S102
    return module


def said(explored: list[Explored]) -> str:
    """Say what was looked at."""
    states = sum(each.states for each in explored)
    runs = sum(each.random_runs for each in explored)
    if not runs:
        return f"Looked at all {states:,} states that these scenarios can reach."
    return (
        f"Looked at {states:,} states, those with the fewest switches and faults first, "
        f"and at {runs:,} random histories."
    )


@contextmanager
def without_noise() -> Iterator[list[str]]:
    """Collect what Python says of coroutines without `await`, and drop what it says at the end.

    A coroutine that catches everything cannot be closed, and a process that crashes is never heard.
    """
    forgotten: list[str] = []
    before = sys.unraisablehook

    def drop(unraisable: "sys.UnraisableHookArgs") -> None:
        if "GeneratorExit" not in str(unraisable.exc_value):
            before(unraisable)

    sys.unraisablehook = drop
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield forgotten
            gc.collect()
        said = [str(each.message) for each in caught if "never awaited" in str(each.message)]
        forgotten += [f"without `await` nothing happens: {each}" for each in said]
    finally:
        sys.unraisablehook = before


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TooSlow when the body needs more of the processor; on the main thread only."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
