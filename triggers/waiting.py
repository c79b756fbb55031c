"""Waits for the TODO of an accepted request without asking the store all the time."""

import asyncio
from typing import Final

from store.port import Log, StoreError
from todos import Todo, TodoRequest

PAUSES_SECONDS: Final = (0.1, 0.2, 0.4, 0.8)
"""Between two looks into the log; the last one repeats. In one process the wake-up comes first."""


LOOK_SECONDS_MAX: Final = 2.0
"""One look; the last of them begins no later than the wait ends."""


async def wait_for_todo(
    log: Log, request: TodoRequest, arrival: asyncio.Future[Todo], seconds: float
) -> Todo | None:
    """Return the TODO as soon as it is known to be in the log, None when `seconds` are over.

    `arrival` is the in-process wake-up (`Arrivals.expect`); the log is asked for the case that
    the TODO is written by another instance. A log that does not answer is asked again later.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    pauses = iter(PAUSES_SECONDS)
    pause = 0.0
    while (left := deadline - asyncio.get_running_loop().time()) > 0:
        pause = next(pauses, pause)
        done, _ = await asyncio.wait((arrival,), timeout=min(pause, left))
        if done:
            return arrival.result()
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX):
                found = await log.find(request.project_id, [request.request_id])
        except (StoreError, TimeoutError):
            continue
        if request.request_id in found:
            return found[request.request_id]
    return None
