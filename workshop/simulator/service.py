"""A service that is called over a network: a request, perhaps its execution, perhaps an answer."""

from collections.abc import Callable, Coroutine
from typing import Any

from workshop.simulator.effect import Effect, NoAnswer, once
from workshop.simulator.process import Process
from workshop.simulator.world import World

Handler = Callable[..., Coroutine[Any, Any, Any]]


class Service:
    """Methods of a process. A call raises NoAnswer when request, process or answer gets lost."""

    def __init__(self, world: World, process: Process, **handlers: Handler) -> None:
        """`handlers` are coroutine functions by the name of their method."""
        self._world = world
        self._process = process
        self._handlers = handlers
        self._open: list[dict[str, Any]] = []
        process.when_it_dies.append(self._break)

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call and wait for the answer."""
        if method not in self._handlers:
            offered = ", ".join(self._handlers)
            raise LookupError(f"{self._process.name} has no {method}, but {offered}")
        said = " ".join([method, *map(str, arguments)])
        name = self._process.name
        ticket: dict[str, Any] = {}
        await Effect(
            name,
            f"asks {name}: {said}",
            once(lambda: self._begin(ticket, method, arguments)),
            unanswered="it is sent, no answer comes",
        )

        def ways() -> list[Callable[[], Any]]:
            return [lambda: answer(ticket)] if ticket else []

        def faults() -> list[Callable[[], Any]]:
            return [self._time_out(ticket)] if self._world.lost and "dead" not in ticket else []

        return await Effect(name, "", ways, faults=faults, remote=False)

    def _begin(self, ticket: dict[str, Any], method: str, arguments: tuple[Any, ...]) -> None:
        self._open.append(ticket)

        def finish(result: Any) -> None:
            ticket["answer"] = result
            self._open.remove(ticket)

        self._world.spawn(self._process, self._handle(method, arguments), finish)

    async def _handle(self, method: str, arguments: tuple[Any, ...]) -> Any:
        result = await self._handlers[method](*arguments)
        # A step of its own: a crash can come after all is done and before the answer leaves.
        await Effect(
            "", "" if result is None else f"answers {result}", once(lambda: None), remote=False
        )
        return result

    def _time_out(self, ticket: dict[str, Any]) -> Callable[[], Any]:
        def act() -> Any:
            self._world.lost -= 1
            ticket["dead"] = True
            raise NoAnswer("nothing, time-out")

        return act

    def _break(self) -> None:
        for ticket in self._open:
            ticket["dead"] = True
        self._open = []


def answer(ticket: dict[str, Any]) -> Any:
    """Return the answer. Raises NoAnswer when the process has died before it."""
    if "answer" not in ticket:
        raise NoAnswer("nothing, time-out")
    return ticket["answer"]
