"""`GET /api/health`: whether a request could be accepted now, and would be swept if need be."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import azure.functions as func

from store.ports.records import StoreError
from store.ports.store import Store
from triggers.engine import Engine
from triggers.http import answers
from triggers.http.kinds import UNHEALTHY
from triggers.http.problems import Problem

REMEMBERED_SECONDS: Final = 10.0
"""Anybody may call this; however often they do, a write is tried every ten seconds."""

CHECK_SECONDS_MAX: Final = 5.0
"""A store that takes longer is not fit for work."""

SWEEPS_MISSED_MAX: Final = 3
"""Periods without a sweep: timers that are dead look like this, and nothing else does."""

SILENT_MAX: Final = timedelta(minutes=1)
"""At the least: a period of a second makes no app unhealthy whose sweep takes four."""


class Health:
    """Asks the stores how they are, once for all who want to know at the same time."""

    def __init__(
        self,
        engines: Sequence[Engine],
        sweep_period: timedelta,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        """`clock` gives monotonic seconds, `now` is aware."""
        self._engines = engines
        self._sweeps_after = max(SWEEPS_MISSED_MAX * sweep_period, SILENT_MAX)
        self._clock = clock
        self._now = now
        self._started_at = now()
        self._checking = asyncio.Lock()
        self._wrong: Mapping[str, str] = {}
        self._known_until = float("-inf")

    async def get(self, _: func.HttpRequest) -> func.HttpResponse:
        """200, or 503 with `parts`: what is wrong, by the name of the part. Tells no address."""
        async with self._checking:
            if self._clock() >= self._known_until:
                self._wrong = await self._check()
                self._known_until = self._clock() + REMEMBERED_SECONDS
        if self._wrong:
            detail = "; ".join(f"{part}: {wrong}" for part, wrong in self._wrong.items())
            raise Problem(UNHEALTHY, detail, members={"parts": dict(self._wrong)})
        return answers.ok({"status": "ok"})

    async def _check(self) -> Mapping[str, str]:
        found = await asyncio.gather(*map(self._check_engine, self._engines))
        many = len(self._engines) > 1
        return {
            f"{engine.domain.plural}.{part}" if many else part: wrong
            for engine, parts in zip(self._engines, found, strict=True)
            for part, wrong in parts.items()
        }

    async def _check_engine(self, engine: Engine) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                return {**await engine.store.check(), **await self._check_sweeper(engine.store)}
        except TimeoutError:
            return {"store": f"no answer within {CHECK_SECONDS_MAX:.0f} s"}
        except Exception as error:  # noqa: BLE001 - a check that fails is an unhealthy store
            engine.tell.health_check_failed(error)
            return {"store": "no answer; the reason is in the log"}

    async def _check_sweeper(self, store: Store) -> Mapping[str, str]:
        try:
            last = await store.last_sweep()
        except StoreError:
            return {}  # the store says itself that it does not answer
        # A store that no app has used yet gets as long as one whose sweeper has just run.
        silent = self._now() - (last or self._started_at)
        if silent <= self._sweeps_after:
            return {}
        return {"sweeper": f"has not run for {silent.total_seconds():.0f} s"}
