"""Copying a store and putting it back, as the commands do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from store.app_port import AppStore
from store.audit_open import open_audit
from store.audit_port import AuditReader
from store.deadletters_port import DeadLetter, Key, Summary
from store.restore_open import open_restore
from store.restore_port import LogWriter
from tests.store.examples import NOON
from todos import Todo, TodoRequest
from tools.audit import audit
from tools.findings import Report
from tools.restoring import check_empty, restore

T = TypeVar("T", AuditReader, LogWriter)

Place = tuple[str, dict[str, str]]
"""What names a store: TODO_STORE, and its connection."""


def letter(number: int) -> DeadLetter:
    key = Key("requests", "3", f"{number}-5d41402a")
    summary = Summary(key, "invalid", "half a pair", None, None, NOON, 3)
    return DeadLetter(summary, None, {"half": "\ud800"}, b"\xff\x00{")


@asynccontextmanager
async def closed(opened: T) -> AsyncIterator[T]:
    try:
        yield opened
    finally:
        await opened.close()


def now() -> datetime:
    return datetime.now(UTC)


async def put_back(folder: Path, place: Place, target: AppStore) -> None:
    async with closed(open_audit(*place)) as reader:
        await check_empty(target, reader)
    await go_on(folder, place, target)


async def go_on(folder: Path, place: Place, target: AppStore) -> None:
    async with closed(open_restore(*place)) as writer:
        await restore(folder, target, writer, now())


async def audited(place: Place) -> int:
    async with closed(open_audit(*place)) as reader:
        return await audit(reader, Report(as_json=True))


async def log_of(store: AppStore, project_id: int) -> list[Todo]:
    return await store.log.read(project_id, 0, 1_000)


async def is_kept(store: AppStore, request: TodoRequest) -> bool:
    logged = await store.log.find(request.project_id, [request.request_id])
    waiting = await store.inbox.get(request.project_id, [request.request_id])
    return bool(logged) or waiting.get(request.request_id) == request
