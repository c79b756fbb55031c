"""Processes, their tasks, and what may go wrong with them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from workshop.simulator.effect import Effect

Main = Callable[[], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Faults:
    """How many there may be in one history."""

    crashes: int = 0
    lost: int = 0
    """Calls whose request or answer gets lost: the caller sees NoAnswer."""
    duplicates: int = 0
    """Messages that come again although nobody has crashed."""


NO_FAULTS: Final = Faults()


class Process:
    """Tasks that share a memory and die together."""

    def __init__(self, name: str, mains: tuple[Main, ...], *, crashes: bool) -> None:
        """`mains` run from the start, and again after each crash."""
        self.name = name
        self.mains = mains
        self.crashes = crashes
        self.when_it_dies: list[Callable[[], None]] = []


class Task:
    """A coroutine of a process, and the effect that it waits for."""

    __slots__ = ("coroutine", "finish", "pending", "process")

    def __init__(
        self,
        process: Process,
        coroutine: Coroutine[Any, Any, Any],
        finish: Callable[[Any], None] | None,
    ) -> None:
        """`finish` gets what the coroutine returns, in a step of its own."""
        self.process = process
        self.coroutine = coroutine
        self.finish = finish
        self.pending: Effect[Any] | None = None
