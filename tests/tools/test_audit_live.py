"""The auditor beside an app that never rests: something happens before and after every read."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from store.app_port import AppStore
from store.audit_open import open_audit
from store.audit_port import AuditReader, Damaged, InboxRow, LogRow
from store.open import open_store
from tests.store.examples import NOON, append, some_requests
from tools.audit import VIOLATED, WELL, audit
from tools.findings import Report

APPENDS = 12
"""In each project during one audit."""


class Busy:
    """A reader whose store gets further entries before and after each page and each call."""

    def __init__(self, reader: AuditReader, store: AppStore, size: int) -> None:
        self._reader, self._store, self._size = reader, store, size
        self.left = 0
        self.second_passes = 0

    async def work(self) -> None:
        """Accept, append, clear up and publish, as the app does, while the audit is short."""
        if not self.left:
            return
        self.left -= 1
        for project_id in (7, 8):
            log, inbox = self._store.log, self._store.inbox
            last = (await log.head(project_id)).state
            requests = some_requests(project_id, range(last, last + self._size))
            await inbox.put(project_id, requests, NOON)
            await append(log, project_id, requests)
            if self.left % 2:
                await inbox.remove(project_id, [each.request_id for each in requests])
            cursor = await self._store.publications.cursor(project_id)
            await self._store.publications.move(project_id, cursor, last + self._size)

    @property
    def name(self) -> str:
        return self._reader.name

    async def partitions(self, after: str = "") -> AsyncIterator[str]:
        await self.work()
        async for each in self._reader.partitions(after):
            yield each
            await self.work()

    async def head(self, project_id: int) -> int | Damaged | None:
        await self.work()
        head = await self._reader.head(project_id)
        await self.work()
        return head

    async def cursor(self, project_id: int) -> int | Damaged | None:
        await self.work()
        cursor = await self._reader.cursor(project_id)
        await self.work()
        return cursor

    async def log(self, project_id: int) -> AsyncIterator[Sequence[LogRow | Damaged]]:
        async for page in self._reader.log(project_id):
            await self.work()
            yield page

    async def answers(self, project_id: int, request_ids: Sequence[str]) -> dict[str, LogRow]:
        await self.work()
        return await self._reader.answers(project_id, request_ids)

    async def todos(self, project_id: int, ids: Sequence[int]) -> dict[int, LogRow]:
        await self.work()
        self.second_passes += 1
        return await self._reader.todos(project_id, ids)

    async def inbox(self, project_id: int) -> AsyncIterator[Sequence[InboxRow | Damaged]]:
        async for page in self._reader.inbox(project_id):
            await self.work()
            yield page

    async def close(self) -> None:
        await self._reader.close()


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
async def busy(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Busy]:
    for module in ("sqlite_audit", "table_audit"):
        monkeypatch.setattr(f"store.{module}.PAGE_ROWS", 4)
    spec, environ = f"sqlite:{tmp_path / 'todos.db'}", {}
    if request.param == "tables":
        spec, environ = "tables", {"TodoTables": request.getfixturevalue("tables_account")}
    store = open_store(spec, environ)
    await append(store.log, 8, some_requests(8, range(10)))
    reader = Busy(open_audit(spec, environ), store, size=3)
    yield reader
    await reader.close()
    await store.close()


async def test_a_store_at_work_shows_no_violation(busy: Busy) -> None:
    # Project 7 is empty when its audit begins, project 8 is not.
    for project_id in (7, 8, None):
        busy.left = APPENDS
        assert await audit(busy, Report(as_json=True), project_id) == WELL
        assert busy.left == 0
    assert busy.second_passes == 0  # which would find nothing, at the price of reading every row


async def test_a_hole_is_found_while_the_store_is_at_work(
    busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = busy._reader

    async def with_a_hole(project_id: int) -> AsyncIterator[Sequence[LogRow | Damaged]]:
        async for page in type(inner).log(inner, project_id):
            yield [each for each in page if not isinstance(each, LogRow) or each.id != 4]

    monkeypatch.setattr(inner, "log", with_a_hole)
    busy.left = APPENDS
    report = Report(as_json=True)
    assert await audit(busy, report, 8) == VIOLATED
    assert report.violations == 1  # request row and TODO row are gone alike
