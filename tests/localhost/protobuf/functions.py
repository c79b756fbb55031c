"""User functions run through SDK 2.x in a thread pool, as the host's worker runs them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from azure.durable_functions.worker import DurableFunctionsWorker
from azure.functions._durable_functions import df_dumps, df_loads

from localhost.taskhub import FunctionFailed, WorkerDied

Handle = Callable[[str], str]


class Functions:
    """A worker and the functions it knows. `deaths` says how often it dies under one."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(4)
        self._found: Mapping[str, dict[str, Handle]] = {
            "orchestrator": {},
            "entity": {},
            "activity": {},
        }
        self.runs: Counter[str] = Counter()
        self.deaths: Counter[str] = Counter()
        self.answers: dict[str, str] = {}
        """What functions return in place of what the SDK does."""

    def orchestrator(self, function: Any) -> None:
        worker: Any = DurableFunctionsWorker()
        run = partial(worker.execute_orchestration_request, function)
        self._found["orchestrator"][function.__name__] = run

    def entity(self, function: Any) -> None:
        function.__durable_entity_name__ = function.__name__
        worker: Any = DurableFunctionsWorker()
        run = partial(worker.execute_entity_batch_request, function)
        self._found["entity"][function.__name__] = run

    def activity(self, function: Any) -> None:
        self._found["activity"][function.__name__] = lambda text: df_dumps(function(df_loads(text)))

    def names(self, kind: str) -> Sequence[str]:
        return list(self._found[kind])

    def has_orchestrator(self, name: str) -> bool:
        return name.lower() in self._found["orchestrator"]

    def has_entity(self, name: str) -> bool:
        return name.lower() in self._found["entity"]

    def has_activity(self, name: str) -> bool:
        return name.lower() in self._found["activity"]

    async def run_orchestrator(self, name: str, payload: str) -> str:
        return await self._run("orchestrator", name, payload)

    async def run_entity(self, name: str, payload: str) -> str:
        return await self._run("entity", name, payload)

    async def run_activity(self, name: str, input_json: str) -> str | None:
        return await self._run("activity", name, input_json)

    async def _run(self, kind: str, name: str, payload: str) -> str:
        self.runs[name] += 1
        if self.deaths[name]:
            self.deaths[name] -= 1
            raise WorkerDied("the language worker process exited with code 137")
        if name in self.answers:
            return self.answers[name]
        handle = self._found[kind][name.lower()]
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, handle, payload)
        except Exception as error:
            raise FunctionFailed(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        self._threads.shutdown()
