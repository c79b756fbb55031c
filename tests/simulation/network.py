"""Between a process and the world: effects take time, and so do answers, if they come at all."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import Context
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

from store.ports.records import Conflict, Unknown
from tests.simulation.faults import GUARDED, KINDS, Fault, Faults
from tests.simulation.ledger import Violation
from tests.simulation.loop import SimulatedLoop
from tests.simulation.observer import Observer
from tests.simulation.places import STORE_CALL_SECONDS_MAX, STORE_CALLS_OF_KEY_AT_ONCE

T = TypeVar("T")

NOTHING: Final[Mapping[Fault, Callable[[], Any]]] = {}

SECONDS_QUICK: Final = (0.0005, 0.01)
SECONDS_SLOW: Final = (0.05, 2.0)
SECONDS_SOON: Final = (0.0005, 0.04)
SECONDS_LATE: Final = (0.5, 40.0)
"""How long after its caller was told of an error something may still happen: while the caller
looks and tries again, when a guarded write still finds nothing in its way, or long after."""

SHARE_SOON: Final = 0.5
SHARE_SOON_GUARDED: Final = 0.9
"""Of writes that are made only if nothing is in their way: long after, there mostly is."""

HAPPENS: Final = frozenset({Fault.NONE, Fault.TWICE, Fault.STALE, Fault.DIRTY})
HAPPENS_UNSEEN: Final = frozenset({Fault.AFTER, Fault.REPEATED, Fault.PARTLY})
NO_ANSWER: Final = frozenset({Fault.BEFORE, Fault.AFTER, Fault.LATER, Fault.PARTLY})
REFUSAL: Final = frozenset({Fault.REFUSED, Fault.REPEATED})

STORE: Final = frozenset({"inbox", "log", "letter", "marker", "cursor"})


class Network:
    """Carries calls out of processes. What is on its way arrives even when its sender dies."""

    def __init__(self, loop: SimulatedLoop, chance: Random, faults: Faults) -> None:
        self._loop = loop
        self._chance = chance
        self.faults = faults
        self.slow_share = 0.0
        self.seconds: Mapping[str, float] = {}
        """How long calls of a name take there and back, where it is not left to chance."""
        self.store_seconds_max = STORE_CALL_SECONDS_MAX
        """After which the port of the store gives up a call that hangs."""
        self.late_ones = 0
        """On their way."""
        self.out_until = 0.0
        """Until then the store is throttled: every call to it fails."""
        self.hub_hangs_until = 0.0
        """Until then no call to the task hub is answered."""
        self.hub_has_tables = True
        """Without them reads and starts fail, and signals are lost."""
        self.epoch = 0
        """Of the storage account: what was sent to an earlier one never arrives."""
        self.requests: Counter[str] = Counter()
        """Made to the store and to the hub, by the name of the call."""
        self.trace: Callable[..., None] = lambda *_: None
        """Takes what happens, and how: any objects, written down only when somebody reads it."""
        self.observer = Observer()
        """Sees every effect, and whose it is."""
        self.is_hanging: Callable[[str, str], bool] = lambda _name, _key: False
        self._world = Context()  # belongs to no process

    def later(self, seconds: float, effect: Callable[[], object]) -> None:
        """Have something happen in the world."""
        self._loop.call_later(seconds, effect, context=self._world)

    def after(self, seconds: float, effect: Callable[[], object]) -> None:
        """Have something happen late, when nobody waits for it any more."""
        self.late_ones += 1

        def arrive() -> None:
            self.late_ones -= 1
            effect()

        self.later(seconds, arrive)

    def delay(self, name: str = "") -> float:
        """One way."""
        if (seconds := self.seconds.get(name)) is not None:
            return seconds / 2
        drawn = self._chance.random() < self.slow_share
        slow = drawn and self.faults.happened("message DELAYED")
        return self._chance.uniform(*(SECONDS_SLOW if slow else SECONDS_QUICK))

    def late(self, share_soon: float = SHARE_SOON) -> float:
        is_soon = self._chance.random() < share_soon
        return self._chance.uniform(*(SECONDS_SOON if is_soon else SECONDS_LATE))

    async def call(
        self,
        name: str,
        key: str,
        detail: object,
        effect: Callable[[], T],
        *,
        instead: Mapping[Fault, Callable[[], T]] = NOTHING,
        error: Callable[[str], Exception] = Unknown,
        requests: int = 1,
    ) -> T:
        """Have `effect` happen and return its answer, or raise what it raises, or `error`.

        `instead` holds what happens instead when it fails in one of these ways. On the wire it
        takes so many `requests`.
        """
        fault = self._fault_of(name, key)
        self.requests[name] += requests
        self.trace(name, key, detail, "" if fault is Fault.NONE else f"!{fault.name}")
        answer: asyncio.Future[T] = self._loop.create_future()
        # What is asked for together goes out a few at a time.
        happens = self.delay(name) * -(-requests // STORE_CALLS_OF_KEY_AT_ONCE)
        told = happens if fault in HAPPENS else happens + self.delay(name)
        again = partial(self._attempt, f"{name} {fault.name}", (name, key, detail))
        seen = self.observer.sees(key, fault, instead.get(fault, effect))
        here = self._of_this_account(name, seen, error)
        if fault in HAPPENS:
            self.later(happens, lambda: self._answer(name, key, answer, here))
        if fault in HAPPENS_UNSEEN:
            self.later(happens, lambda: again("unseen", here))
        if fault in {Fault.LATER, Fault.TWICE}:
            share_soon = SHARE_SOON_GUARDED if KINDS.get(name) is GUARDED else SHARE_SOON
            seen = self.observer.sees(key, Fault.LATER, effect)
            late = self._of_this_account(name, seen, error)
            self.after(told + self.late(share_soon), lambda: again("late", late))
        self._leave_unanswered(fault, name, answer, told, error)
        return await answer

    def _leave_unanswered(
        self,
        fault: Fault,
        name: str,
        answer: asyncio.Future[Any],
        told: float,
        error: Callable[[str], Exception],
    ) -> None:
        """Tell the caller, after so many seconds, something that is not what happened."""
        if fault in NO_ANSWER:
            self.later(told, lambda: _fail(answer, error(name)))
        if fault in REFUSAL:
            self.later(told, lambda: _fail(answer, Conflict(name)))
        if fault is Fault.CANCELLED:
            self.later(told, answer.cancel)
        if fault is Fault.SWALLOWED:
            self.later(told, lambda: _settle(answer, None))
        if fault is Fault.HANGING and _room(name) in STORE:
            self.later(self.store_seconds_max, lambda: _fail(answer, error(name)))

    def _of_this_account(
        self, name: str, effect: Callable[[], T], error: Callable[[str], Exception]
    ) -> Callable[[], T]:
        """What is under way when the storage account fails over never arrives."""
        if _room(name) not in STORE:
            return effect
        epoch = self.epoch

        def arrive() -> T:
            if self.epoch != epoch:
                raise error(f"{name}: the account has failed over")
            return effect()

        return arrive

    def _fault_of(self, name: str, key: str) -> Fault:
        room = _room(name)
        if room in STORE and self._loop.time() < self.out_until:
            self.faults.happened("store THROTTLED")
            return Fault.BEFORE
        if room == "hub" and self._loop.time() < self.hub_hangs_until:
            self.faults.happened("call HANGS")
            return Fault.HANGING
        if room == "hub" and not self.hub_has_tables:
            self.faults.happened("call WITHOUT_TABLES")
            return Fault.SWALLOWED if name == "hub.create" else Fault.BEFORE
        if self.is_hanging(name, key):
            return Fault.HANGING
        return self.faults.of(name)

    def _answer(
        self, name: str, key: str, answer: asyncio.Future[T], effect: Callable[[], T]
    ) -> None:
        try:
            result = effect()
        except Violation:
            raise
        except Exception as error:  # noqa: BLE001 - the answer of the service
            failure = error
            self.trace(name, key, "answers", repr(error))
            self.later(self.delay(name), lambda: _fail(answer, failure))
        else:
            self.later(self.delay(name), lambda: _settle(answer, result))

    def _attempt(
        self, kind: str, what: tuple[object, ...], when: str, effect: Callable[[], object]
    ) -> None:
        """Let it happen with nobody there to hear how it went.

        What something was in the way of is no fault of this kind: nothing was written.
        """
        try:
            effect()
        except Violation:
            raise
        except Exception as error:  # noqa: BLE001 - a conflict, for example
            self.faults.came_to_nothing(kind)
            self.trace(when, *what, repr(error))
        else:
            self.trace(when, *what, "done")


def _room(name: str) -> str:
    return name.partition(".")[0]


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
