"""An audit while the app is at work tells no false violations."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, cast

from store.ports.store import Store
from tests.tools.logs import KEYS, append, fill, request
from tools.audit.__main__ import audit
from tools.audit.findings import Report
from tools.command import Target
from tools.stored.open import open_reader
from tools.stored.port import Reader

KEY = KEYS[0]


class Appending:
    """A reader during whose reads the app appends."""

    def __init__(self, reader: Reader, store: Store) -> None:
        self._reader = reader
        self._store = store
        self._number = 1_000

    def __getattr__(self, name: str) -> Any:
        original = getattr(self._reader, name)
        if not callable(original):
            return original
        return partial(self._paging if name in PAGED else self._once, original)

    async def _append(self, key: str) -> None:
        self._number += 1
        await append(self._store, [request(key, self._number)])

    async def _once(self, original: Callable[[str], Awaitable[Any]], key: str) -> Any:
        await self._append(key)
        found = await original(key)
        await self._append(key)
        return found

    async def _paging(
        self, original: Callable[[str], AsyncIterator[Any]], key: str
    ) -> AsyncIterator[Any]:
        await self._append(key)
        async for page in original(key):
            await self._append(key)
            yield page


PAGED = {"answered", "entries", "inbox"}


async def test_appends_meanwhile_are_no_violation(target: Target, store: Store) -> None:
    await fill(store)
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    report = Report(as_json=False, what="customer")
    appending = cast("Reader", Appending(reader, store))
    assert await audit(target, appending, report, KEY) == 0
    assert report.checked["entries"] >= 61
    assert (await store.log.head(KEY)).place > report.checked["entries"]
    await reader.close()
