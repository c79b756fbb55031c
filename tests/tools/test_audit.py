"""The auditor: finds what is wrong, exactly, and nothing where nothing is."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from store.app_port import AppStore
from store.audit_open import open_audit
from store.open import open_store
from store.port import LOG_ENTRIES_MAX
from tests.store.examples import (
    NOON,
    REQUEST_IDS,
    TITLES,
    a_request,
    append,
    some_requests,
)
from tests.tools.corruptions import (
    PROJECT,
    SQLITE,
    TABLES,
    Corruption,
    corrupt_file,
    corrupt_tables,
)
from tools.audit import VIOLATED, WELL, audit
from tools.findings import Report


@dataclass
class Bench:
    """A store that an app has open, and the auditor beside it."""

    spec: str
    environ: dict[str, str]
    store: AppStore
    corrupt: Callable[[Corruption], None]
    printed: Callable[[], str]

    async def audit(self, project_id: int | None = None) -> tuple[int, list[dict[str, Any]]]:
        reader = open_audit(self.spec, self.environ)
        try:
            code = await audit(reader, Report(as_json=True), project_id)
        finally:
            await reader.close()
        return code, [json.loads(line) for line in self.printed().splitlines()]


def sqlite_bench(path: Path, printed: Callable[[], str]) -> Bench:
    spec = f"sqlite:{path}"
    return Bench(spec, {}, open_store(spec, {}), lambda how: corrupt_file(path, how), printed)


def table_bench(account: str, printed: Callable[[], str]) -> Bench:
    environ = {"TodoTables": account}
    store = open_store("tables", environ)
    return Bench("tables", environ, store, lambda how: corrupt_tables(account, how), printed)


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Bench]:
    def printed() -> str:
        return capsys.readouterr().out

    if request.param == "sqlite":
        made = sqlite_bench(tmp_path / "todos.db", printed)
    else:
        made = table_bench(request.getfixturevalue("tables_account"), printed)
    yield made
    await made.store.close()


async def fill(store: AppStore) -> None:
    """Five TODOs that were published, and a project beside them with which all is well."""
    await append(store.log, PROJECT, some_requests(PROJECT, range(1, 6)))
    await store.publications.move(PROJECT, await store.publications.cursor(PROJECT), 5)
    await append(store.log, 8, some_requests(8, range(2)))
    await store.inbox.put(8, [a_request(8, "waits")], NOON)


async def assert_found(bench: Bench, corruption: Corruption) -> None:
    await fill(bench.store)
    assert (await bench.audit())[0] == WELL
    bench.corrupt(corruption)
    code, lines = await bench.audit()
    assert code == VIOLATED
    assert {(each["project"], each["rows"]) for each in lines[:-1]} == {
        (corruption.project, key) for key in corruption.found
    }
    assert lines[-1]["violations"] == len(lines) - 1
    if corruption.project == str(PROJECT):
        assert (await bench.audit(8))[0] == WELL
        assert (await bench.audit(PROJECT))[0] == VIOLATED


@pytest.mark.parametrize("name", SQLITE)
async def test_every_corruption_of_a_file_is_found_with_its_rows(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = sqlite_bench(tmp_path / "todos.db", lambda: capsys.readouterr().out)
    await assert_found(bench, SQLITE[name])
    await bench.store.close()


@pytest.mark.azurite
@pytest.mark.parametrize("name", TABLES)
async def test_every_corruption_of_tables_is_found_with_its_rows(
    name: str, tables_account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = table_bench(tables_account, lambda: capsys.readouterr().out)
    await assert_found(bench, TABLES[name])
    await bench.store.close()


async def test_a_large_clean_log_passes_without_a_look_at_single_rows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0
    while count < 3_000:
        size = min(LOG_ENTRIES_MAX, 3_000 - count)
        await append(bench.store.log, 7, some_requests(7, range(count, count + size)))
        count += size
    assert await bench.store.check() == {}  # which makes sure that the inbox is there too
    for module in ("sqlite_audit.SqliteAudit", "table_audit.TableAudit"):
        for call in ("answers", "todos"):
            monkeypatch.delattr(f"store.{module}.{call}")
    code, [checked] = await bench.audit()
    assert code == WELL
    names = ("projects", "todos", "requests", "inboxRows", "cursors")
    assert checked["checked"] == dict(zip(names, (1, 3_000, 3_000, 0, 0), strict=True))


async def test_whatever_may_be_stored_passes(bench: Bench) -> None:
    requests = [
        a_request(7, each, title)
        for each, title in zip(REQUEST_IDS.values(), [*TITLES.values()] * 2, strict=False)
    ]
    await append(bench.store.log, 7, requests)
    await bench.store.inbox.put(9, [a_request(9, each) for each in REQUEST_IDS.values()], NOON)
    await bench.store.publications.mark(7, NOON)
    code, [checked] = await bench.audit()
    assert code == WELL
    assert checked["checked"]["projects"] == 2
    assert checked["checked"]["inboxRows"] == len(REQUEST_IDS)


async def test_an_inbox_row_of_a_request_that_is_in_the_log_is_a_note(bench: Bench) -> None:
    await fill(bench.store)
    left = [a_request(7, "request-1", "TODO of 1"), a_request(7, "request-2", "other")]
    await bench.store.inbox.put(7, left, NOON)
    code, lines = await bench.audit()
    assert code == WELL
    assert [each["finding"] for each in lines[:-1]] == ["note", "note"]
    assert ["other content" in each["what"] for each in lines[:-1]] == [False, True]
    assert (lines[-1]["violations"], lines[-1]["notes"]) == (0, 2)
