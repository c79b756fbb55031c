"""Between a process and the world: effects take time, and so do answers, if they come at all."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from contextvars import Context
from random import Random
from typing import Any, Final, TypeVar

from store.port import Unknown
from tests.simulation.faults import Fault, Faults
from tests.simulation.loop import SimulatedLoop

T = TypeVar("T")

NOTHING: Final[Mapping[Fault, Callable[[], Any]]] = {}

SECONDS_QUICK: Final = (0.0005, 0.01)
SECONDS_SLOW: Final = (0.05, 2.0)
SECONDS_LATE: Final = (0.5, 40.0)
"""How long after its caller was told of an error something may still happen."""


class Network:
    """Carries calls out of processes. What is on its way arrives even when its sender dies."""

    def __init__(self, loop: SimulatedLoop, chance: Random, faults: Faults) -> None:
        self._loop = loop
        self._chance = chance
        self.faults = faults
        self.slow_share = 0.0
        self.trace: Callable[[str, str], None] = lambda _what, _how: None
        self._world = Context()  # belongs to no process

    def later(self, seconds: float, effect: Callable[[], object]) -> None:
        """Have something happen in the world."""
        self._loop.call_later(seconds, effect, context=self._world)

    def delay(self) -> float:
        slow = self._chance.random() < self.slow_share
        return self._chance.uniform(*(SECONDS_SLOW if slow else SECONDS_QUICK))

    def late(self) -> float:
        return self._chance.uniform(*SECONDS_LATE)

    async def call(
        self,
        name: str,
        detail: str,
        effect: Callable[[], T],
        instead: Mapping[Fault, Callable[[], T]] = NOTHING,
    ) -> T:
        """Have `effect` happen and return its answer, or raise what it raises, or Unknown.

        `instead` holds other effects, for faults of which the caller learns nothing.
        """
        fault = self.faults.of(name)
        self.trace(name, detail if fault is Fault.NONE else f"{detail} !{fault.name}")
        answer: asyncio.Future[T] = self._loop.create_future()
        happens = self.delay()
        if fault in instead:
            self.later(happens, lambda: self._answer(answer, instead[fault]))
        if fault in {Fault.NONE, Fault.TWICE}:
            self.later(happens, lambda: self._answer(answer, effect))
        if fault is Fault.AFTER:
            self.later(happens, lambda: _attempt(effect))
        if fault in {Fault.LATER, Fault.TWICE}:
            self.later(happens + self.late(), lambda: _attempt(effect))
        if fault in {Fault.BEFORE, Fault.AFTER, Fault.LATER}:
            self.later(happens + self.delay(), lambda: _fail(answer, Unknown(name)))
        if fault is Fault.CANCELLED:
            self.later(happens, answer.cancel)
        if fault is Fault.SWALLOWED:
            self.later(happens, lambda: _settle(answer, None))
        return await answer

    def _answer(self, answer: asyncio.Future[T], effect: Callable[[], T]) -> None:
        try:
            result = effect()
        except Exception as error:  # noqa: BLE001 - the answer of the service
            failure = error
            self.later(self.delay(), lambda: _fail(answer, failure))
        else:
            self.later(self.delay(), lambda: _settle(answer, result))


def _attempt(effect: Callable[[], object]) -> None:
    """Let it happen with nobody there to hear how it went."""
    with contextlib.suppress(Exception):  # a conflict, for example
        effect()


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
