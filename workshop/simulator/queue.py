"""A queue that delivers at least once, in any order, until a message is acknowledged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workshop.simulator.effect import Effect, once
from workshop.simulator.process import Process
from workshop.simulator.world import World


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery."""

    number: int
    body: Any


class Queue:
    """What was received and not acknowledged comes again when its receiver crashes.

    It also comes again once its lease (or visibility timeout) has run out: when nothing else happens
    any more, or earlier, while its receiver still works on it: that is the fault `duplicates`. `ordered` keeps the order of sending for first deliveries.
    """

    def __init__(self, world: World, name: str, *, ordered: bool = False) -> None:
        """An empty queue."""
        self.name = name
        self.sent: list[Any] = []
        """Every body that was ever sent, in order."""
        self._world = world
        self._ordered = ordered
        self._waiting: dict[int, Message] = {}
        self._received: dict[int, Message] = {}
        self._number = 0
        world.leases.append(lambda: self._give_back if self._received else None)

    def send(self, body: Any) -> Effect[None]:
        """Put a message into the queue."""
        return Effect(self.name, f"sends {body} [{self.name}]", once(lambda: self.put(body)))

    def receive(self) -> Effect[Message]:
        """Return a message, once there is one; it stays ours until it is acknowledged."""

        def ways() -> list[Callable[[], Message]]:
            first = list(self._waiting.values())
            return [self._take(each) for each in (first[:1] if self._ordered else first)]

        def again() -> list[Callable[[], Message]]:
            return (
                [self._take_again(m) for m in self._received.values()]
                if self._world.duplicates
                else []
            )

        return Effect(
            self.name,
            f"receives from {self.name}",
            ways,
            tell=lambda message: f": {message.body}",
            faults=again,
            remote=False,
        )

    def acknowledge(self, message: Message) -> Effect[None]:
        """Tell the queue that it can forget the message."""

        def act() -> None:
            self._received.pop(message.number, None)
            self._waiting.pop(message.number, None)

        return Effect(self.name, f"acknowledges {message.body} [{self.name}]", once(act))

    def put(self, body: Any) -> None:
        """What `send` does; for checks."""
        self._number += 1
        self.sent.append(body)
        self._waiting[self._number] = Message(self._number, body)

    def comes_back_when_dead(self, process: Process) -> None:
        """Deliver again what this process has not acknowledged when it crashes."""
        process.when_it_dies.append(self._give_back)

    def _take(self, message: Message) -> Callable[[], Message]:
        def act() -> Message:
            self._received[message.number] = self._waiting.pop(message.number)
            return message

        return act

    def _take_again(self, message: Message) -> Callable[[], Message]:
        def act() -> Message:
            self._world.duplicates -= 1
            return message

        return act

    def _give_back(self) -> None:
        self._waiting = self._received | self._waiting
        self._received = {}


class Memory:
    """A queue in the memory of a process: a crash of the process forgets what is in it."""

    def __init__(self, process: Process) -> None:
        """Empty."""
        self._items: list[Any] = []
        process.when_it_dies.append(self._items.clear)

    def append(self, item: Any) -> None:
        """Remember something; no effect, nobody else can see it."""
        self._items.append(item)

    def take(self) -> Effect[Any]:
        """Return the oldest item, once there is one, and forget it."""

        def ways() -> tuple[Callable[[], Any], ...]:
            return (lambda: self._items.pop(0),) if self._items else ()

        return Effect("", "takes from its memory", ways, tell=lambda i: f": {i}", remote=False)
