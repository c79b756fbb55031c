"""User functions run through the real SDK in a thread pool, as the host's worker runs them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.durable_functions import (
    DurableEntityContext,
    DurableOrchestrationContext,
    Entity,
    Orchestrator,
)
from azure.functions._durable_functions import df_dumps, df_loads

from localhost.taskhub import FunctionFailed, WorkerDied

UNTYPED = pytest.mark.filterwarnings("ignore:azure.functions df_loads was called")
"""For tests whose functions take plain JSON, as old apps do; the SDK 1.7 recommends types."""

EntityFunction = Callable[[DurableEntityContext], None]
OrchestratorFunction = Callable[[DurableOrchestrationContext], Generator[Any, Any, Any]]
ActivityFunction = Callable[[Any], Any]


class App:
    """A worker and the functions it knows; `calls` has every payload that it was given."""

    def __init__(self) -> None:
        self._entities: dict[str, Callable[[str], str]] = {}
        self._orchestrators: dict[str, Callable[[str], str]] = {}
        self._activities: dict[str, ActivityFunction] = {}
        self._threads = ThreadPoolExecutor(8)
        self.calls: list[tuple[str, str]] = []
        self.runs: Counter[str] = Counter()
        self.deaths: Counter[str] = Counter()
        self.gates: dict[str, threading.Event] = {}

    def entity(self, function: EntityFunction) -> EntityFunction:
        self._entities[function.__name__.lower()] = Entity.create(function)
        return function

    def orchestrator(self, function: OrchestratorFunction) -> OrchestratorFunction:
        self._orchestrators[function.__name__.lower()] = Orchestrator.create(function)
        return function

    def activity(self, function: ActivityFunction) -> ActivityFunction:
        self._activities[function.__name__.lower()] = function
        return function

    def has_entity(self, name: str) -> bool:
        return name.lower() in self._entities

    def has_orchestrator(self, name: str) -> bool:
        return name.lower() in self._orchestrators

    def has_activity(self, name: str) -> bool:
        return name.lower() in self._activities

    def names(self, kind: str) -> list[str]:
        found = {
            "activity": self._activities,
            "orchestrator": self._orchestrators,
            "entity": self._entities,
        }[kind]
        return list(found)

    async def run_entity(self, name: str, payload: str) -> str:
        return await self._run(name, payload, self._entities[name.lower()])

    async def run_orchestrator(self, name: str, payload: str) -> str:
        return await self._run(name, payload, self._orchestrators[name.lower()])

    async def run_activity(self, name: str, input_json: str) -> str | None:
        function = self._activities[name.lower()]
        return await self._run(name, input_json, lambda text: df_dumps(function(df_loads(text))))

    def close_gate(self, name: str) -> threading.Event:
        """Make runs of a function wait until the returned event is set."""
        self.gates[name.lower()] = threading.Event()
        return self.gates[name.lower()]

    async def _run(self, name: str, payload: str, function: Callable[[str], str]) -> str:
        self.calls.append((name, payload))
        self.runs[name.lower()] += 1
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._invoke, name, payload, function)

    def _invoke(self, name: str, payload: str, function: Callable[[str], str]) -> str:
        gate = self.gates.get(name.lower())
        if gate is not None:
            assert gate.wait(30), "nobody opened the gate"
        if self.deaths[name.lower()]:
            self.deaths[name.lower()] -= 1
            raise WorkerDied("the language worker process exited with code 137")
        try:
            return function(payload)
        except Exception as error:
            raise FunctionFailed(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        for gate in self.gates.values():
            gate.set()
        self._threads.shutdown()


def failing(app: App, times: int) -> None:
    """Give the app an activity that fails so many times per input."""
    left: dict[str, int] = {}

    @app.activity
    def flaky(name: str) -> str:
        left.setdefault(name, times)
        if left[name]:
            left[name] -= 1
            raise ValueError(f"{name} boom")
        return f"{name} done"
