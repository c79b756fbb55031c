"""A copy of a store that never rests, put back into an empty one."""

import asyncio
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import table_audit
from store.app_port import AppStore
from store.audit_open import open_audit
from store.audit_port import Damaged, InboxRow
from store.open import open_store
from tests.store.examples import NOON, append, some_requests
from tests.tools.app_at_work import Busy
from tests.tools.copies import Place, audited, closed, is_kept, letter, log_of, now, put_back
from tools import copy_files
from tools.audit import VIOLATED, WELL
from tools.copy_files import Refused, parts_of
from tools.copying import copy
from tools.restoring import check_empty


@pytest.mark.parametrize(
    ("places", "idle"),
    [
        *(("sqlite", n) for n in range(18)),
        *(pytest.param("tables", n, marks=pytest.mark.azurite) for n in (0, 4, 9)),
    ],
    indirect=["places"],
)
async def test_a_copy_of_an_app_at_work_restores_to_what_its_promises_allow(
    busy: Busy, target: AppStore, places: tuple[Place, Place], tmp_path: Path, idle: int
) -> None:
    """Wherever the work begins, between any two readings."""
    promised = list(busy.accepted)
    busy.idle, busy.left = idle, 4
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    busy.left = 0
    await put_back(tmp_path / "copy", places[1], target)
    assert await audited(places[1]) == WELL
    for project_id in (7, 8, 9):
        restored = await log_of(target, project_id)
        assert restored == (await log_of(busy.store, project_id))[: len(restored)]
    assert [each for each in promised if not await is_kept(target, each)] == []
    letters = [await target.deadletters.get(letter(1).summary.key)]
    assert letters == [letter(1)]


async def test_a_copy_that_reads_the_head_before_the_inbox_loses_requests(
    busy: Busy, target: AppStore, places: tuple[Place, Place], tmp_path: Path
) -> None:
    """So the order is what the test above depends on."""
    read_before = [await busy.reader.head(7)]
    cursor = await busy.reader.cursor(7)
    promised = list(busy.accepted)

    async def as_it_was(project_id: int) -> int | Damaged | None:
        early = project_id == 7 and read_before
        return read_before.pop() if early else await busy.reader.head(project_id)

    async def cursor_before(project_id: int) -> int | Damaged | None:
        return cursor if project_id == 7 else None

    busy.head = as_it_was  # type: ignore[method-assign]
    busy.cursor = cursor_before  # type: ignore[method-assign]
    await busy.finish(7)
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    await put_back(tmp_path / "copy", places[1], target)
    assert [each for each in promised if not await is_kept(target, each)] != []


async def test_the_app_goes_on_with_what_was_restored(
    busy: Busy, target: AppStore, places: tuple[Place, Place], tmp_path: Path
) -> None:
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    await put_back(tmp_path / "copy", places[1], target)
    await append(target.log, 7, some_requests(7, ["later"]))
    assert [each.id for each in await log_of(target, 7)] == list(range(1, 12))
    marked = {each.project_id async for page in target.publications.marked() for each in page}
    assert marked == {7}  # project 8 has no log yet; what the copy does not know is published again
    assert (await target.publications.cursor(7)).last == 10
    assert await audited(places[1]) == WELL


class Ended(BaseException):
    """Stands for a process that ends."""


def ending_after(reader: Busy, calls: int) -> None:
    """Let the process end at its n-th reading of an inbox."""
    inbox = reader.inbox
    left = itertools.count(calls, -1)

    async def ending(project_id: int) -> AsyncIterator[Sequence[InboxRow | Damaged]]:
        if next(left) == 0:
            raise Ended
        async for page in inbox(project_id):
            yield page

    reader.inbox = ending  # type: ignore[method-assign]


async def test_a_copy_that_was_ended_goes_on_after_its_last_part(
    busy: Busy,
    target: AppStore,
    places: tuple[Place, Place],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tools.copying.PART_BYTES", 1)  # a part for each project
    monkeypatch.setattr(copy_files, "PART_BYTES", 1)
    folder = tmp_path / "copy"
    await busy.accept(9)
    ending_after(busy, 1)
    with pytest.raises(Ended):
        await copy(busy, busy.store.deadletters, folder, now)
    whole = [path.name for path in parts_of(folder)]
    assert whole == ["part-00000.jsonl", "part-00001.jsonl"]  # letters, project 7
    with pytest.raises(Refused, match="no finished copy"):
        copy_files.check_copy(folder)
    before = (folder / whole[1]).read_bytes()
    done = await copy(busy, busy.store.deadletters, folder, now)
    assert (done["letters"], done["projects"]) == (0, 2)
    assert (folder / whole[1]).read_bytes() == before
    await put_back(folder, places[1], target)
    assert await audited(places[1]) == WELL
    assert [each for each in busy.accepted if not await is_kept(target, each)] == []
    with pytest.raises(Refused, match="holds a finished copy"):
        await copy(busy, busy.store.deadletters, folder, now)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        # Restored, these would be whole logs, and their ids would be given out again.
        ("DELETE FROM head", "id 10 is above the head"),
        ("UPDATE head SET state = '4', version = 1", "id 10 is above the head"),
        ("UPDATE head SET state = '11'", "no TODO 11"),
        ("DELETE FROM todo WHERE id = 3", "no TODO 3"),
        ("DELETE FROM request WHERE id = 3", "its TODO rows and request rows differ"),
        # And one in which a request id has two TODOs could not be restored.
        (
            "UPDATE todo SET request_id = 'request-1' WHERE id = 3",
            "its TODO rows and request rows differ",
        ),
    ],
)
@pytest.mark.parametrize("places", ["sqlite"], indirect=True)
async def test_a_log_that_is_not_whole_is_not_copied(
    busy: Busy, places: tuple[Place, Place], tmp_path: Path, change: str, message: str
) -> None:
    with closing(sqlite3.connect(places[0][0].removeprefix("sqlite:"))) as db, db:
        assert db.execute(change).rowcount == 1
    with pytest.raises(Refused, match=f"project 7: {message}: audit the store"):
        await copy(busy, busy.store.deadletters, tmp_path / "copy", now)


@pytest.mark.parametrize("places", ["sqlite"], indirect=True)
async def test_a_cursor_that_a_fail_over_left_ahead_is_copied_as_far_as_the_log_goes(
    busy: Busy, target: AppStore, places: tuple[Place, Place], tmp_path: Path
) -> None:
    cursor = await busy.store.publications.cursor(7)
    await busy.store.publications.move(7, cursor, 12)
    assert await audited(places[0]) == VIOLATED
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    await put_back(tmp_path / "copy", places[1], target)
    assert (await target.publications.cursor(7)).last == 10
    assert await audited(places[1]) == WELL


@pytest.mark.parametrize(
    "text", ["", "[]", "1", '{"v": 1}', '{"v": 1, "store": "a", "startedAt": "noon"}']
)
def test_an_index_that_makes_no_sense_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / copy_files.INDEX).write_text(text)
    with pytest.raises(Refused, match=r"copy\.json is damaged"):
        copy_files.check_copy(tmp_path)


async def test_parts_that_nothing_names_are_not_gone_on_with(busy: Busy, tmp_path: Path) -> None:
    """They may be of another store, or of another day."""
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    (tmp_path / "copy" / copy_files.INDEX).unlink()
    with pytest.raises(Refused, match=r"holds parts of a copy and no copy\.json"):
        await copy(busy, busy.store.deadletters, tmp_path / "copy", now)


async def test_a_copy_of_another_store_is_not_gone_on_with(
    busy: Busy, places: tuple[Place, Place], target: AppStore, tmp_path: Path
) -> None:
    ending_after(busy, 0)
    with pytest.raises(Ended):
        await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    reader = open_audit(*places[1])
    with pytest.raises(Refused, match="holds a part of a copy of"):
        await copy(reader, target.deadletters, tmp_path / "copy", now)
    await reader.close()


async def test_every_byte_that_changes_is_noticed_before_anything_is_written(
    busy: Busy, target: AppStore, places: tuple[Place, Place], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    await copy(busy, busy.store.deadletters, folder, now)
    part = parts_of(folder)[1]
    whole = part.read_bytes()
    for place in range(0, len(whole), max(len(whole) // 25, 1)):
        part.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Refused):
            await put_back(folder, places[1], target)
    for cut in (b"", whole[: len(whole) // 2], whole[: whole.rindex(b"\n", 0, -1) + 1]):
        part.write_bytes(cut)
        with pytest.raises(Refused):
            await put_back(folder, places[1], target)
    part.unlink()
    with pytest.raises(Refused, match="does not hold the parts"):
        await put_back(folder, places[1], target)
    reader = open_audit(*places[1])
    await check_empty(target, reader)
    await reader.close()


async def test_a_copy_of_a_newer_release_is_refused(busy: Busy, tmp_path: Path) -> None:
    await copy(busy, busy.store.deadletters, tmp_path / "copy", now)
    index = tmp_path / "copy" / copy_files.INDEX
    index.write_text(json.dumps({**json.loads(index.read_text()), "v": 2}))
    with pytest.raises(Refused, match="has format 2, not 1"):
        copy_files.check_copy(tmp_path / "copy")


@pytest.mark.azurite
async def test_a_project_that_leaves_the_inbox_for_the_log_meanwhile_is_not_overlooked(
    tables_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables are asked one after another for the next project."""
    place = ("tables", {"TodoTables": tables_account})
    store = open_store(*place)
    assert await store.check() == {}
    waiting = some_requests(7, range(3))
    await store.inbox.put(7, waiting, NOON)
    ask, turn, asked = table_audit._next_partition, asyncio.Lock(), itertools.count()

    async def and_then_it_moves(*arguments: Any) -> str | None:
        async with turn:
            found = await ask(*arguments)
            if next(asked) == 0:
                await append(store.log, 7, waiting)
                await store.inbox.remove(7, [each.request_id for each in waiting])
            return found

    monkeypatch.setattr(table_audit, "_next_partition", and_then_it_moves)
    async with closed(open_audit(*place)) as reader:
        assert [each async for each in reader.partitions()] == ["7"]
    await store.close()
