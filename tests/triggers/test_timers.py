"""The timers: what they note, how much they do, and what they spare."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import azure.durable_functions as df
import pytest
from typing_extensions import override

from settings.app import Settings
from store.ports.records import Unknown
from telemetry.decisions import Decisions
from tests.durable_sdk.port import BUILT_IN
from triggers import timers

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Client:
    """Stands for the calls of the SDK: notes what is purged."""

    def __init__(self) -> None:
        self.purged: list[tuple[datetime, datetime]] = []

    async def purge(self, since: datetime, until: datetime) -> int:
        self.purged.append((since, until))
        return 1


async def test_purge_goes_in_slices_that_cover_all_that_is_old() -> None:
    client: Any = Client()
    count = await timers.purge(client, NOW, timedelta(hours=24), 60)
    assert count == len(client.purged) == timers.PURGE_SLICES_MAX + 1
    for (_, until), (since, _) in pairwise(client.purged):
        assert until == since
    assert client.purged[0][0] == timers.BEGINNING
    assert client.purged[-1][1] == NOW - timedelta(hours=24)


async def test_purge_ends_before_the_function_times_out() -> None:
    class Slow(Client):
        @override
        async def purge(self, since: datetime, until: datetime) -> int:
            await asyncio.sleep(0.03)
            return await super().purge(since, until)

    client: Any = Slow()
    assert 1 <= await timers.purge(client, NOW, timedelta(hours=24), 0.1) <= 10


class Part:
    """A domain to be swept."""

    def __init__(self, *, fails: bool = False) -> None:
        self.noted: list[datetime] = []
        self.swept: list[float] = []
        self.may_end = asyncio.Event()
        self.fails = fails

    async def note_sweep(self, at: datetime) -> None:
        self.noted.append(at)

    async def sweep(self, _: Any, __: timedelta, seconds_max: float) -> int:
        if self.fails:
            raise Unknown("no answer")
        self.swept.append(seconds_max)
        return 0


def swept(part: Any) -> timers.Swept:
    return timers.Swept(part, part, lambda _: part, Decisions("todo"))


async def test_sweep_of_one_domain_fails_alone_and_is_reported() -> None:
    good, bad = Part(), Part(fails=True)
    with pytest.raises(Unknown):
        await timers.sweep_all([swept(bad), swept(good)], None, timedelta(0), 300.0, lambda: NOW)
    assert good.swept == [300.0]
    assert good.noted == [NOW, NOW]
    assert bad.noted == [NOW]


async def test_sweep_that_takes_long_is_noted_while_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or health would take it for a timer that is dead."""
    monkeypatch.setattr(timers, "NOTE_SECONDS", 0.001)

    class Slow(Part):
        async def note_sweep(self, at: datetime) -> None:
            await super().note_sweep(at)
            if len(self.noted) == 2:
                raise Unknown("no answer")
            if len(self.noted) == 4:
                self.may_end.set()

        async def sweep(self, *_: Any) -> int:
            async with asyncio.timeout(10):
                await self.may_end.wait()
            return 0

    slow = Slow()
    await timers.sweep_all([swept(slow)], None, timedelta(0), 300.0, lambda: NOW)
    ended = len(slow.noted)
    assert ended >= 5
    await asyncio.sleep(0.02)
    assert len(slow.noted) == ended


def functions(publishers: list[Any], timeout: float = 600.0) -> dict[str, Any]:
    app = df.DFApp()
    settings = Settings.read({}, ["todos"])
    app.register_functions(
        timers.blueprint(settings, timeout, [swept(Part())], publishers, lambda: NOW)
    )
    named = {str(each.get_function_name()): each for each in app.get_functions()}
    return {name: each for name, each in named.items() if not name.startswith(BUILT_IN)}


def test_one_timer_of_each_kind_serves_all_domains() -> None:
    assert set(functions([])) == {"sweeper", "purger"}
    assert set(functions([object()])) == {"sweeper", "purger", "publisher"}


def test_sweeper_runs_at_start_and_by_its_schedule() -> None:
    trigger = functions([])["sweeper"].get_trigger().get_dict_repr()
    assert trigger["runOnStartup"] is True
    assert trigger["schedule"] == "*/30 * * * * *"


async def test_purge_that_fails_is_told_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(Decisions, "purge_failed", lambda _, error: told.append(error))

    async def hang(*_: Any) -> int:
        raise TimeoutError

    monkeypatch.setattr(timers, "purge", hang)
    import inspect

    monkeypatch.setattr(timers, "calls_of", lambda client: client)
    function = inspect.unwrap(functions([])["purger"].get_user_function())
    await asyncio.wait_for(function(timer=None, client=Client()), 5)
    assert len(told) == 1
