"""Wakes requests that wait for their TODO when the log gets it in this very process.

A hint only: on Azure the activity often runs on another instance, so whoever waits also looks
into the log from time to time.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from todos import Todo

Name = tuple[int, str]
"""Project id and request id."""


class Arrivals:
    """Who waits for which request. Belongs to one event loop."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._waiting: dict[Name, list[asyncio.Future[Todo]]] = {}

    @contextmanager
    def expect(self, project_id: int, request_id: str) -> Iterator[asyncio.Future[Todo]]:
        """Give a future that gets the TODO; enter before anything can be missed."""
        name = (project_id, request_id)
        future: asyncio.Future[Todo] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, []).append(future)
        try:
            yield future
        finally:
            others = self._waiting[name]
            others.remove(future)
            if not others:
                del self._waiting[name]
            future.cancel()

    def announce(self, request_id: str, todo: Todo) -> None:
        """Wake everybody who waits for this request: `todo` is in the log."""
        for future in self._waiting.get((todo.project_id, request_id), ()):
            if not future.done():
                future.set_result(todo)
