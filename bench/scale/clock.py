"""Made-up time: tasks are generators that yield the moment at which they go on.

Nothing here waits. A run of a minute with a hundred hosts takes seconds, and the same seed gives
the same run.
"""

import heapq
from collections.abc import Generator
from itertools import count

Task = Generator[float, None, None]


class Clock:
    """Runs tasks in the order of their moments."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.now = 0.0
        self._order = count()
        self._due: list[tuple[float, int, Task]] = []

    def start(self, task: Task) -> None:
        """Have a task take its first step now."""
        heapq.heappush(self._due, (self.now, next(self._order), task))

    def run(self, seconds: float) -> None:
        """Go on until so much time has passed, or nothing is left to do."""
        while self._due and self._due[0][0] <= seconds:
            self.now, _, task = heapq.heappop(self._due)
            moment = next(task, None)
            if moment is not None:
                heapq.heappush(self._due, (max(moment, self.now), next(self._order), task))


class Server:
    """Does one thing after the other, in the order in which it is asked to."""

    def __init__(self, clock: Clock) -> None:
        """Begin idle."""
        self._clock = clock
        self._free_at = 0.0
        self.busy = 0.0

    def use(self, seconds: float) -> float:
        """Ask for so much of its time; return the moment at which it is done."""
        self._free_at = max(self._free_at, self._clock.now) + seconds
        self.busy += seconds
        return self._free_at
