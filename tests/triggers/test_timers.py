"""The timers: what they note, how much they do, and what they spare."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest

from settings.app import Settings
from store.ports.records import Unknown
from telemetry.decisions import Decisions
from triggers import timers

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Client:
    """Stands for the durable client: notes what is purged."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.fails = False

    async def purge_instance_history_by(self, **bounds: Any) -> Any:
        self.calls.append(bounds)
        if self.fails:
            raise Exception("closed")  # noqa: TRY002 - as the SDK does
        return SimpleNamespace(instances_deleted=1)


async def test_purge_goes_in_slices_that_cover_all_that_is_old() -> None:
    client: Any = Client()
    count = await timers.purge(client, NOW, timedelta(hours=24), 60)
    assert count == len(client.calls) == timers.PURGE_SLICES_MAX + 1
    for one, next_one in zip(client.calls, client.calls[1:], strict=False):
        assert one["created_time_to"] == next_one["created_time_from"]
    assert client.calls[0]["created_time_from"] == timers.BEGINNING
    assert client.calls[-1]["created_time_to"] == NOW - timedelta(hours=24)


async def test_purge_ends_before_the_function_times_out() -> None:
    class Slow(Client):
        async def purge_instance_history_by(self, **options: Any) -> Any:
            await asyncio.sleep(0.03)
            return await super().purge_instance_history_by(**options)

    client: Any = Slow()
    assert 1 <= await timers.purge(client, NOW, timedelta(hours=24), 0.1) <= 10


async def test_purge_spares_what_runs_and_every_entity() -> None:
    client: Any = Client()
    await timers.purge(client, NOW, timedelta(hours=24), 60)
    for call in client.calls:
        assert df.OrchestrationRuntimeStatus.Running not in call["runtime_status"]
        assert df.OrchestrationRuntimeStatus.Pending not in call["runtime_status"]
        assert call["runtime_status"]


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
    return {str(each.get_function_name()): each for each in app.get_functions()}


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

    function = inspect.unwrap(functions([])["purger"].get_user_function())
    await asyncio.wait_for(function(timer=None, client=Client()), 5)
    assert len(told) == 1
