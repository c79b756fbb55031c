"""Restoring: into an empty store only, through failures on either side of every write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from store.app_port import AppStore
from store.audit_open import open_audit
from store.open import open_store
from store.port import Unknown
from store.restore_open import open_restore
from tests.store.examples import append, some_requests
from tests.tools.app_at_work import Busy
from tests.tools.copies import Place, audited, closed, go_on, letter, log_of, now, put_back
from tools.audit import VIOLATED, WELL
from tools.copy_files import Refused
from tools.copying import copy
from tools.restoring import check_empty, restore


async def test_a_store_that_holds_anything_is_refused(
    busy: Busy, source: AppStore, places: tuple[Place, Place], tmp_path: Path
) -> None:
    await copy(busy, source.deadletters, tmp_path / "copy", now)
    before = await log_of(source, 7)
    with pytest.raises(Refused, match="is not empty: it has project 7"):
        await put_back(tmp_path / "copy", places[0], source)
    assert await log_of(source, 7) == before


async def test_a_store_with_a_dead_letter_is_not_empty(
    target: AppStore, places: tuple[Place, Place]
) -> None:
    await target.deadletters.put(letter(1))
    reader = open_audit(*places[1])
    with pytest.raises(Refused, match="is not empty: it has dead letter requests/3/1-5d41402a"):
        await check_empty(target, reader)
    await reader.close()


async def test_a_store_where_work_went_on_is_not_written_over(
    busy: Busy, target: AppStore, places: tuple[Place, Place], tmp_path: Path
) -> None:
    """Whatever `--resume` is given."""
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    await put_back(tmp_path / "copy", places[1], target)
    await append(target.log, 7, some_requests(7, ["later"]))
    with pytest.raises(Refused, match="the head of project 7 is 11, not 10"):
        await go_on(tmp_path / "copy", places[1], target)
    await append(target.log, 9, some_requests(9, ["other"]))
    assert (await log_of(target, 9))[0].title == "TODO of other"


async def test_other_todos_are_not_written_over(
    busy: Busy, target: AppStore, places: tuple[Place, Place], tmp_path: Path
) -> None:
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    await append(target.log, 7, some_requests(7, ["other"]))
    before = await log_of(target, 7)
    with pytest.raises(Refused, match="project 7 holds other TODOs than the copy"):
        await go_on(tmp_path / "copy", places[1], target)
    assert await log_of(target, 7) == before


class Ended(BaseException):
    """Stands for a process that ends."""


@dataclass
class Failing:
    """Wraps store and writer; the n-th write fails, or ends the process, on one side of it."""

    at: int
    before: BaseException | None = None
    after: BaseException | None = None
    writes: list[str] = field(default_factory=list)

    async def write(self, name: str, call: Any, *arguments: Any) -> None:
        self.writes.append(name)
        if len(self.writes) - 1 == self.at and self.before:
            raise self.before
        await call(*arguments)
        if len(self.writes) - 1 == self.at and self.after:
            raise self.after


WRITES = {"insert", "finish", "put", "move", "mark"}


@dataclass
class Wrapped:
    """A store, or a part of one, whose writes go through `Failing`."""

    inner: Any
    failing: Failing

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name in WRITES:
            return lambda *arguments: self.failing.write(name, found, *arguments)
        return Wrapped(found, self.failing) if name in PARTS else found


PARTS = {"inbox", "log", "deadletters", "publications"}


async def attempt(folder: Path, place: Place, failing: Failing) -> None:
    store = open_store(*place)
    try:
        async with closed(open_restore(*place)) as writer:
            wrapped: Any = Wrapped(writer, failing)
            await restore(folder, Wrapped(store, failing), wrapped, now())
    finally:
        await store.close()


FAILURES: Final[Mapping[str, Callable[[int], Failing]]] = {
    "refused": lambda at: Failing(at, before=Unknown("no answer")),
    "answer lost": lambda at: Failing(at, after=Unknown("no answer")),
    "ended before": lambda at: Failing(at, before=Ended()),
    "ended after": lambda at: Failing(at, after=Ended()),
}


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize("places", ["sqlite"], indirect=True)
@pytest.mark.parametrize("failure", FAILURES)
async def test_every_write_may_fail_on_either_side_and_a_restore_goes_on(
    busy: Busy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    monkeypatch.setattr("tools.restoring.PAUSE_SECONDS", 0)
    monkeypatch.setattr("tools.copying.LOG_ENTRIES_MAX", 4)
    monkeypatch.setattr("tools.restoring.WRITES_AT_ONCE_MAX", 2)
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    whole = Failing(-1)
    await attempt(tmp_path / "copy", (f"sqlite:{tmp_path / 'whole.db'}", {}), whole)
    assert set(whole.writes) == WRITES
    for at in range(len(whole.writes)):
        place: Place = (f"sqlite:{tmp_path / f'{at}.db'}", {})
        failing = FAILURES[failure](at)
        try:
            await attempt(tmp_path / "copy", place, failing)
        except Ended:
            # From the first row of a log on to the last write of all, an audit sees it.
            done = whole.writes[: at + (failing.after is not None)]
            if "insert" in done and done != whole.writes:
                assert await audited(place) == VIOLATED, done
            await attempt(tmp_path / "copy", place, Failing(-1))
        assert await audited(place) == WELL
        restored = open_store(*place)
        assert await log_of(restored, 7) == await log_of(busy.store, 7)
        assert await restored.inbox.count(7, 100) == await restored.inbox.count(8, 100) == 3
        assert (await restored.publications.cursor(7)).last == 10
        await restored.close()
