"""Coroutines that nobody awaits: timers, functions started by hand."""

import asyncio
import traceback
from collections.abc import Coroutine
from typing import Any

from localhost.console import Console


class Background:
    """Keeps tasks alive, says when one breaks, and ends them all."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine until it ends or the host stops."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            text = f"a background task ended: {type(error).__name__}: {error}"
            self._console.failure(text, "".join(traceback.format_tb(error.__traceback__)))

    async def stop(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
