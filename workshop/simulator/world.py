"""Processes and their tasks, the clock, and the moves that a scheduler can choose from."""

import inspect
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from workshop.simulator.effect import FORGOTTEN, Effect, Failure, NoAnswer
from workshop.simulator.history import History
from workshop.simulator.process import NO_FAULTS, Faults, Main, Process, Task
from workshop.simulator.traces import NOT_ASYNC, described

Promise = Callable[[], str | None]
Move = Callable[[], None]

STEPS_MAX: Final = 150
"""A history that has not come to rest by then goes round in circles."""


class Broken(Exception):
    """A promise does not hold, or the code under test has raised what it should not."""


Ready = tuple[Task, Effect[Any], Sequence[Callable[[], Any]]]
"""A task, what it waits for, and how that can happen now."""


class World:
    """One history: choose a move, make it, until nothing can move or a promise is broken."""

    def __init__(self, faults: Faults = NO_FAULTS) -> None:
        """Nothing exists and nothing has happened."""
        self.now = 0
        """Seconds since the beginning."""
        self.history = History()
        self.crashes, self.lost, self.duplicates = faults.crashes, faults.lost, faults.duplicates
        self._tasks: list[Task] = []
        self._alarms: list[int] = []
        self._always: list[Promise] = []
        self._at_end: list[Promise] = []
        self.leases: list[Callable[[], Move | None]] = []
        """What runs out when nobody does anything any more."""
        self._resting = False
        self._lanes: dict[str, int] = {}
        """What happened to each process and each thing, in order, as a hash."""
        self._dead: list[Coroutine[Any, Any, Any]] = []

    # What a check builds with

    def process(self, name: str, *mains: Main, crashes: bool = True) -> Process:
        """Start a process; a crash forgets its memory, and then `mains` run again."""
        process = Process(name, mains, crashes=crashes)
        for main in mains:
            self.spawn(process, main())
        return process

    def person(self, name: str, main: Main) -> Process:
        """Start somebody who never crashes, and whose failures are a mistake of the check."""
        return self.process(name, main, crashes=False)

    def always(self, promise: Promise) -> None:
        """`promise` says after every step what is broken, or None."""
        self._always.append(promise)

    def at_end(self, promise: Promise) -> None:
        """`promise` says once everything has come to rest what is broken, or None."""
        self._at_end.append(promise)

    def sleep(self, seconds: int) -> Effect[None]:
        """Wait; others may be slower than this, however long it is."""
        due = self.now + seconds
        self._alarms.append(due)

        def ways() -> tuple[Callable[[], None], ...]:
            return (lambda: None,) if self.now >= due else ()

        return Effect("", f"has waited {lasting(seconds)}", ways, remote=False)

    def note(self, text: str, target: str = "") -> Effect[None]:
        """Say in the history what a person does or a process decides."""
        return Effect(target, text, lambda: (lambda: None,), remote=False)

    # What tasks need

    def spawn(
        self,
        process: Process,
        coroutine: Coroutine[Any, Any, Any],
        finish: Callable[[Any], None] | None = None,
    ) -> Task:
        """Run a coroutine as a task of the process. Raises TypeError when it is none."""
        if not inspect.iscoroutine(coroutine):
            raise TypeError(f"{process.name} does not get a coroutine: {NOT_ASYNC}")
        task = Task(process, coroutine, finish)
        self._tasks.append(task)
        self._resume(task, None, None)
        return task

    # What a scheduler drives

    def moves(self) -> list[Move]:
        """Return what can happen next, the usual first; nothing once all has come to rest."""
        if self._resting:
            return []
        ready = [(task, task.pending, task.pending.ways()) for task in self._tasks if task.pending]
        usual: list[Move] = [
            partial(self._happen, task, effect, way, f"way {n}")
            for task, effect, ways in ready
            for n, way in enumerate(ways)
        ]
        if any(alarm > self.now for alarm in self._alarms):
            usual.append(self._wake)
        faults = self._faults([each for each in ready if each[2]])
        return (usual or self._when_idle(faults)) + faults

    def _faults(self, ready: list[Ready]) -> list[Move]:
        faults: list[Move] = []
        if self.crashes:
            mortal = {task.process: None for task, _, _ in ready if task.process.crashes}
            faults += [partial(self._crash, process) for process in mortal]
        if self.lost:
            for task, effect, ways in ready:
                if effect.remote:
                    faults.append(partial(self._lose, task, effect, None))
                    faults.append(partial(self._lose, task, effect, ways[0]))
        for task in self._tasks:
            if task.pending and task.pending.faults:
                faults += [
                    partial(self._happen, task, task.pending, way, f"fault {n}")
                    for n, way in enumerate(task.pending.faults())
                ]
        return faults

    def _when_idle(self, faults: list[Move]) -> list[Move]:
        expired: list[Move] = [
            partial(self._expire, move) for lease in self.leases if (move := lease())
        ]
        return expired[:1] or ([self._rest] if faults else [])

    def check(self) -> None:
        """Raise Broken when a promise that holds always does not hold now."""
        if FORGOTTEN:
            raise Broken(f"without `await` nothing happens: {FORGOTTEN.pop()}")
        for promise in self._always:
            if broken := promise():
                raise Broken(broken)

    def check_length(self, steps: int) -> None:
        """Raise Broken when the history has become longer than any that comes to rest."""
        if steps > STEPS_MAX:
            why = "does a loop never end, or never wait?"
            raise Broken(f"it has not come to rest after {STEPS_MAX} steps: {why}")

    def check_end(self) -> None:
        """Raise Broken when a promise does not hold after all has come to rest."""
        self.check()
        for promise in self._at_end:
            if broken := promise():
                raise Broken(broken)

    def fingerprint(self) -> int:
        """Return the same for histories that differ in the order of independent steps only.

        Steps are independent when they are those of two processes on two different things. Whatever
        can happen after one such history can happen after the other.
        """
        budgets = (self.crashes, self.lost, self.duplicates, self.now, self._resting)
        return hash((budgets, frozenset(self._lanes.items())))

    def close(self) -> None:
        """Let go of all coroutines, whatever their `finally` blocks say."""
        for coroutine in [*self._dead, *(each.coroutine for each in self._tasks)]:
            with suppress(RuntimeError, Failure):
                coroutine.close()
        FORGOTTEN.clear()

    # The moves

    def _happen(self, task: Task, effect: Effect[Any], way: Callable[[], Any], chosen: str) -> None:
        self._to_front(task)
        self._mark_effect(task, effect, chosen)
        failure: Failure | None = None
        try:
            result = way()
        except Failure as error:
            result, failure = None, error
        said = f": {failure}" if failure else effect.tell(result) if effect.tell else ""
        text = effect.text or (failure and f"hears from {effect.target}")
        if text:
            self.history.add(task.process.name, text + said, effect.target)
        self._resume(task, result, failure)

    def _lose(self, task: Task, effect: Effect[Any], way: Callable[[], Any] | None) -> None:
        self.lost -= 1
        self._to_front(task)
        self._mark_effect(task, effect, "lost" if way else "never sent")
        what = "the request gets lost"
        if way is not None:
            what = effect.unanswered
            with suppress(Failure):
                way()
        name = task.process.name
        self.history.add(name, f"{effect.text} -- {what}", effect.target, "lost")
        self._resume(task, None, NoAnswer("no answer"))

    def _crash(self, process: Process) -> None:
        self.crashes -= 1
        again = " and starts again" if process.mains else ""
        self.history.add(process.name, f"CRASHES{again}", "", "crash")
        self._mark(self._lanes, process.name, "crash")
        self._restart(process)

    def _wake(self) -> None:
        self.now = min(alarm for alarm in self._alarms if alarm > self.now)
        self._alarms = [alarm for alarm in self._alarms if alarm > self.now]

    def _expire(self, move: Move) -> None:
        self._mark(self._lanes, "", "leases run out")
        move()

    def _rest(self) -> None:
        # Only faults are possible now, and none of them has to happen.
        self._resting = True

    def _restart(self, process: Process) -> None:
        # Closing a coroutine would run its `finally`, which no crash does: keep them to the end.
        self._dead += [each.coroutine for each in self._tasks if each.process is process]
        self._tasks = [each for each in self._tasks if each.process is not process]
        for clean_up in process.when_it_dies:
            clean_up()
        for main in process.mains:
            self.spawn(process, main())

    def _mark_effect(self, task: Task, effect: Effect[Any], chosen: str) -> None:
        name, target = task.process.name, effect.target
        if effect.reads:
            self._mark((name,), effect.text, f"{chosen} {self._lanes.get(target)}")
        else:
            self._mark((name, target), effect.text, chosen)

    def _mark(self, lanes: Iterable[str], text: str, chosen: str) -> None:
        for lane in [*lanes]:
            self._lanes[lane] = hash((self._lanes.get(lane), *lanes, text, chosen, self.now))

    def _to_front(self, task: Task) -> None:
        # The task that has run last runs on, unless the scheduler chooses otherwise: a history with few
        # deviations from that is one that a person can follow.
        if self._tasks[0] is not task:
            self._tasks.remove(task)
            self._tasks.insert(0, task)

    def _resume(self, task: Task, result: Any, failure: Failure | None) -> None:
        task.pending = None
        try:
            step = task.coroutine.throw(failure) if failure else task.coroutine.send(result)
        except StopIteration as end:
            self._tasks.remove(task)
            if task.finish:
                task.finish(end.value)
        except Failure as error:
            self._give_up(task, error)
        except Exception as error:
            raise Broken(f"{task.process.name} raised {described(error)}") from error
        else:
            if not isinstance(step, Effect):
                raise Broken(f"{task.process.name} awaits {step!r}, which the simulator lacks")
            task.pending = step

    def _give_up(self, task: Task, error: Failure) -> None:
        name = task.process.name
        if not task.process.crashes or not error.trying_again_helps:
            raise Broken(f"{name} was left alone with {described(error)}")
        again = " and starts again" if task.process.mains else ""
        text = f"does not handle {type(error).__name__}: DIES{again}"
        self.history.add(name, text, "", "crash")
        self._mark(self._lanes, name, "dies")
        self._restart(task.process)


def lasting(seconds: int) -> str:
    """Say a duration in the largest unit that fits."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


def counted(number: int, unit: str) -> str:
    """Say a number of things."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
