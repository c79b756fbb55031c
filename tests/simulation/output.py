"""The output event hub: what arrived there, in order, and what its consumers rely on."""

from collections.abc import Callable, Sequence
from functools import partial

from publishing.events import Event
from publishing.producer import NotSent
from tests.simulation.faults import Fault
from tests.simulation.network import Network


class OutputHub:
    """All events by partition key. Whoever sends twice, or is repeated, is in it twice."""

    def __init__(self, arrived: Callable[[str, Event], object]) -> None:
        """`arrived` hears of each event as it gets there."""
        self.events: dict[str, list[Event]] = {}
        self._arrived = arrived

    @property
    def count(self) -> int:
        """How many events have arrived."""
        return sum(map(len, self.events.values()))

    def take(self, partition_key: str, events: Sequence[Event]) -> None:
        for event in events:
            self.events.setdefault(partition_key, []).append(event)
            self._arrived(partition_key, event)


class SimulatedProducer:
    """`publishing.producer.Producer`."""

    def __init__(self, hub: OutputHub, network: Network) -> None:
        self._hub, self._network = hub, network

    async def send(self, partition_key: str, events: Sequence[Event]) -> None:
        some = events[: len(events) // 2]
        await self._network.call(
            "output.send",
            f"{partition_key} {[each.properties['sequence'] for each in events]}",
            partial(self._hub.take, partition_key, list(events)),
            {Fault.PARTLY: partial(self._hub.take, partition_key, some)},
            NotSent,
        )

    async def close(self) -> None:
        """Nothing to give back."""
