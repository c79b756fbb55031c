"""A durable entity as actor platforms run it: the reply leaves before the state is committed.

That order is the one of Durable Functions' Azure Storage provider (durable-extension issue 1533):
after a crash in between the operations run again, perhaps in another order, on the old state.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from workshop.simulator.effect import Effect, once
from workshop.simulator.table import copied, told
from workshop.simulator.world import World

Operation = Callable[[Any, Any], tuple[Any, Any]]
"""(state, input) -> (state, reply)"""

Input = tuple[Any, dict[str, Any]]
"""What an operation gets, and where its reply goes."""


class Entity:
    """State that only operations change, one at a time."""

    def __init__(self, world: World, name: str, empty: Any, operation: Operation) -> None:
        """`empty` is the state before the first operation."""
        self.name = name
        self.committed = empty
        self._operation = operation
        self._inputs: list[Input] = []
        self._delayed: list[Input] = []
        """What ran when the platform crashed: invisible for a while, and overtaken meanwhile."""
        self._running: list[Input] = []
        world.process(name, self._work).when_it_dies.append(self._delay)

    async def call(self, value: Any) -> Any:
        """Send an operation and wait for its reply."""
        ticket: dict[str, Any] = {}
        await self._send(value, ticket, "calls")

        def ways() -> tuple[Callable[[], Any], ...]:
            return (lambda: ticket["reply"],) if ticket else ()

        return await Effect(self.name, "", ways, remote=False)

    def signal(self, value: Any) -> Effect[None]:
        """Send an operation and wait for nothing."""
        return self._send(value, {}, "signals")

    def read(self, until: Callable[[Any], bool]) -> Effect[Any]:
        """Return the committed state, once `until` says yes to it; as by polling."""

        def ways() -> tuple[Callable[[], Any], ...]:
            return (lambda: copied(self.committed),) if until(self.committed) else ()

        text = f"reads the committed {self.name}"
        return Effect(self.name, text, ways, tell=told, reads=True)

    def _send(self, value: Any, ticket: dict[str, Any], verb: str) -> Effect[None]:
        def act() -> None:
            self._inputs.append((value, ticket))

        return Effect(self.name, f"{verb} {self.name}: {value}", once(act), remote=False)

    async def _work(self) -> None:
        while True:
            await self._perform(*await self._choose())

    async def _perform(self, value: Any, ticket: dict[str, Any]) -> None:
        state, reply = self._operation(copied(self.committed), value)
        send, commit = partial(ticket.update, reply=reply), partial(self._commit, state)
        await Effect("", f"runs {value}, replies {reply}", once(send), remote=False)
        await Effect("", f"commits{told(state)}", once(commit), remote=False)

    def _choose(self) -> Effect[Input]:
        def ways() -> list[Callable[[], Input]]:
            return [partial(self._run, each) for each in [*self._inputs, *self._delayed]]

        return Effect("", "", ways, remote=False)

    def _run(self, chosen: Input) -> Input:
        self._inputs = [each for each in self._inputs if each is not chosen]
        self._delayed = [each for each in self._delayed if each is not chosen]
        self._running = [chosen]
        return chosen

    def _commit(self, state: Any) -> None:
        self._running = []
        self.committed = state

    def _delay(self) -> None:
        self._delayed += self._running
        self._running = []
