"""The hub's file: what is pending in it is finished, and what is no hub is refused."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from localhost.taskhub import HubFileError, HubOptions, TaskHub
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open
from tests.localhost.taskhub.host import copy_as_killed, until
from tests.localhost.taskhub.manual_clock import ManualClock

pytestmark = UNTYPED


async def test_a_newer_format_is_refused_by_name(tmp_path: Path, app: App) -> None:
    path = tmp_path / "hub.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(HubFileError, match=f"{path} has format 99"):
        await TaskHub(path, app, HubOptions()).start()


async def test_file_that_is_not_a_database_is_refused(tmp_path: Path, app: App) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"not a database at all, but long enough to be taken for one" * 20)
    with pytest.raises(HubFileError, match=str(path)):
        await TaskHub(path, app, HubOptions()).start()
    assert path.read_bytes().startswith(b"not a database")


async def test_another_database_is_refused(tmp_path: Path, app: App) -> None:
    path = tmp_path / "hub.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(HubFileError, match="not a task hub"):
        await TaskHub(path, app, HubOptions()).start()


async def test_a_damaged_file_is_refused(tmp_path: Path, app: App) -> None:
    path = tmp_path / "hub.db"
    hub = TaskHub(path, app, HubOptions())
    await hub.start()
    await hub.stop()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(HubFileError, match="damaged"):
        await TaskHub(path, app, HubOptions()).start()


async def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, app: App) -> None:
    with pytest.raises(HubFileError, match="cannot be opened"):
        await TaskHub(tmp_path / "no" / "hub.db", app, HubOptions()).start()


async def test_timers_and_events_survive_a_stop(open_hub: Open, app: App) -> None:
    @app.orchestrator
    def nap(context: Any) -> Any:
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=90))
        return (yield context.wait_for_external_event("go"))

    clock = ManualClock()
    first = await open_hub(clock=clock)
    await first.client.start_new("nap", "i")
    await until(clock.next_alarm_in, lambda alarm: alarm is not None)
    await first.stop()
    second = await open_hub(clock=clock)
    clock.advance(91)
    await until(lambda: app.runs["nap"], lambda runs: runs == 2)
    await second.client.raise_event("i", "go", 1)
    assert (await second.finished("i")).output == "1"


async def test_a_stop_lets_what_runs_finish_and_keeps_the_rest(open_hub: Open, app: App) -> None:
    @app.activity
    def act(number: int) -> int:
        return number

    @app.orchestrator
    def two(context: Any) -> Any:
        first = yield context.call_activity("act", 1)
        return [first, (yield context.call_activity("act", 2))]

    first = await open_hub()
    gate = app.close_gate("act")
    await first.client.start_new("two", "i")
    await until(lambda: app.runs["act"], lambda runs: runs == 1)
    gate.set()
    await first.stop()
    second = await open_hub()
    assert (await second.finished("i")).output == [1, 2]
    assert app.runs["act"] == 2


async def test_file_of_the_last_format_goes_on(open_hub: Open, app: App, tmp_path: Path) -> None:
    @app.activity
    def work(number: int) -> int:
        return number + 1

    @app.orchestrator
    def ask(context: Any) -> Any:
        return (yield context.call_activity("work", 1))

    gate = app.close_gate("ask")
    first = await open_hub()
    starting = asyncio.create_task(first.client.start_new("ask", "i"))
    await until(lambda: app.runs["ask"], lambda runs: runs == 1)
    await starting
    copy = copy_as_killed(tmp_path)
    with closing(sqlite3.connect(copy)) as old:
        old.execute("ALTER TABLE activities DROP COLUMN due")
        old.execute("DROP TABLE lease")
        old.execute("PRAGMA user_version = 1")
    gate.set()
    await first.stop()
    copy.rename(tmp_path / "hub.db")
    second = await open_hub()
    assert (await second.finished("i")).output == 2
