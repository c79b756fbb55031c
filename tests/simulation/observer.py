"""Sees what happens in a world, as it happens; nothing of it changes by that."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tests.simulation.faults import Fault
from tests.simulation.loop import Process

T = TypeVar("T")


class Observer:
    """Looks away."""

    def sees(self, key: str, fault: Fault, effect: Callable[[], T]) -> Callable[[], T]:  # noqa: ARG002 - for those who look
        """Return what happens in place of an effect that the running process asks for now."""
        return effect

    def sent(self, key: str, number: int, message: Mapping[str, Any]) -> None:
        """A process signals an entity."""

    def committed(self, key: str, numbers: Sequence[int], state: str) -> None:
        """An entity has committed what these signals made of it."""

    def went_back(self, key: str, state: str) -> None:
        """An entity is what it was earlier."""

    def read(self, key: str, state: str, reading: str) -> None:
        """A process is shown a state: `committed`, `stale` or `dirty`."""

    def published(self, key: str, entries: Sequence[tuple[int, str]]) -> None:
        """Events about these entries, as place and request id, have arrived at the output hub."""

    def died(self, process: Process) -> None:
        """Nothing of a process runs any more."""
