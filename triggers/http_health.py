"""`GET /api/health`: whether the service can do its work, for load balancers and alerts."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

import azure.functions as func

from store.port import Store
from triggers import answers
from triggers.problems import UNHEALTHY, Problem

REMEMBERED_SECONDS: Final = 1.0
"""Anybody may call this; however often they do, the store is asked once a second."""

CHECK_SECONDS_MAX: Final = 5.0
"""A store that takes longer is not fit for work."""

log = logging.getLogger(__name__)


class Health:
    """Asks the store how it is, once for all who want to know at the same time."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        """Check `store`; `clock` gives monotonic seconds."""
        self._store = store
        self._clock = clock
        self._checking = asyncio.Lock()
        self._wrong: Mapping[str, str] = {}
        self._known_until = float("-inf")

    async def get(self, _: func.HttpRequest) -> func.HttpResponse:
        """200, or 503 with `parts`: what is wrong, by the name of the part."""
        async with self._checking:
            if self._clock() >= self._known_until:
                self._wrong = await self._check()
                self._known_until = self._clock() + REMEMBERED_SECONDS
        if self._wrong:
            detail = "; ".join(f"{part}: {wrong}" for part, wrong in self._wrong.items())
            raise Problem(UNHEALTHY, detail, members={"parts": dict(self._wrong)})
        return answers.ok({"status": "ok"})

    async def _check(self) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                return await self._store.check()
        except TimeoutError:
            return {"store": f"no answer within {CHECK_SECONDS_MAX:.0f} s"}
        except Exception as error:
            log.warning("health_check_failed", exc_info=error)
            return {"store": "cannot be checked; the reason is in the log"}
