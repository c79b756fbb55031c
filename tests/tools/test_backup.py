"""Copies of stores, and what is restored from them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store.ports.deadletters import FOLD, DeadLetter, Name, Summary
from store.ports.records import Head, Unknown
from store.ports.store import Store
from store.sqlite.file import SqliteFile
from tests.tools.logs import DOMAIN, KEYS, NOON, append, fill, request
from tests.tools.test_audit import Tampering, hole, other_payload, request_row_missing
from tools.audit.__main__ import audit
from tools.audit.findings import Report
from tools.backup import copying
from tools.backup.__main__ import copied, restored
from tools.backup.checking import check
from tools.backup.files import Index, check_part, parts_of
from tools.command import Refused, Target
from tools.stored.open import open_reader

KEY = KEYS[0]
NAMES = (Name("requests", "0", "17-0a1b2c3d"), Name(FOLD, KEY, "id-900"))


def letter(name: Name) -> DeadLetter:
    summary = Summary(name, "fold-failed", "because\x1b[2J", "id-900", NOON, NOON, 3)
    return DeadLetter(summary, "\ud800", {"requestId": "id-900", "n": [1, None]}, b"\xff{}")


@pytest.fixture
async def filled(store: Store) -> Store:
    await fill(store)
    for name in NAMES:
        await store.deadletters.put(letter(name))
    return store


def is_there(target: Target) -> bool:
    return Path(target.spec.removeprefix("sqlite:")).exists()


async def contents(target: Target) -> Any:
    """All that a reader can see, but for versions and times."""
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    found: dict[str, Any] = {}
    async for key in reader.keys():
        head = await reader.head(key)
        assert isinstance(head, Head)
        found[key] = (
            replace(head, version=None),
            await reader.cursor(key),
            [row async for page in reader.entries(key) for row in page],
            {row.entry.request_id: row async for page in reader.answered(key) for row in page},  # type: ignore[union-attr]
            {row.request async for page in reader.inbox(key) for row in page},  # type: ignore[union-attr]
        )
    await reader.close()
    return found


async def letters(store: Store) -> list[DeadLetter | None]:
    summaries = [each async for page in store.deadletters.pages() for each in page]
    return [await store.deadletters.get(each.name) for each in summaries]


async def is_well(target: Target) -> bool:
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    code = await audit(target, reader, Report(as_json=False, what="customer"))
    await reader.close()
    return code == 0


async def test_what_was_copied_is_restored(
    target: Target, filled: Store, folder: Path, other: Target
) -> None:
    done = await copied(target, folder)
    assert done == {"letters": 2, "keys": 3, "entries": 180, "waiting": 9}
    assert check(folder, DOMAIN).finished_at is not None
    assert await restored(other, folder, resume=False) == done
    assert await contents(other) == await contents(target)
    assert await is_well(other)
    store = other.store()
    assert await letters(store) == await letters(filled) != []
    assert {each.key async for page in store.publications.marked() for each in page} == {*KEYS}
    await append(store, [request(KEY, 901)])
    assert (await store.log.head(KEY)).place == 61
    await store.close()


@pytest.mark.azurite
async def test_copy_of_a_file_is_restored_into_tables(
    tables_account: str, tmp_path: Path, folder: Path
) -> None:
    source = Target(DOMAIN, f"sqlite:{tmp_path / 'app.db'}", {})
    store = source.store(create=True)
    await fill(store)
    await store.close()
    await copied(source, folder)
    tables = Target(DOMAIN, "tables", {"EO_TABLES": tables_account})
    await restored(tables, folder, resume=False)
    assert await contents(tables) == await contents(source)
    assert await is_well(tables)


async def test_copy_goes_on_after_the_last_whole_part(
    target: Target, filled: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PART_BYTES", 1)
    await copied(target, folder)
    whole = [path.read_bytes() for path in parts_of(folder)]
    assert len(whole) == 1 + len(KEYS)
    for kept in range(len(whole)):
        for path in parts_of(folder)[kept:]:
            path.unlink()
        (folder / f"part-{kept:05d}.new").write_bytes(b"half a part")
        Index("x", NOON).write(folder)
        index = Index.read(folder)
        assert index is not None
        reader = open_reader(target.spec, target.domain.plural, target.environ)
        Index(reader.name, NOON).write(folder)
        await reader.close()
        await copied(target, folder)
        assert [path.read_bytes() for path in parts_of(folder)] == whole
        assert check(folder, DOMAIN).parts == tuple(check_part(p).sha256 for p in parts_of(folder))
    assert await filled.check() == {}


@pytest.mark.parametrize("tamper", [hole, request_row_missing], ids=lambda each: each.__name__)
async def test_log_that_is_not_whole_is_not_copied(
    target: Target, filled: Store, folder: Path, tamper: Callable[..., Any]
) -> None:
    await tamper(Tampering(filled), [])
    with pytest.raises(Refused, match="audit the store"):
        await copied(target, folder)
    with pytest.raises(Refused, match="no finished copy"):
        check(folder, DOMAIN)


async def test_copy_of_a_log_that_folds_otherwise_is_not_restored(
    target: Target, store: Store, folder: Path, other: Target
) -> None:
    logs = await fill(store)
    await other_payload(Tampering(store), logs[KEY])
    await copied(target, folder)
    with pytest.raises(Refused, match="entry 30 says"):
        await restored(other, folder, resume=False)
    assert not is_there(other)


async def test_store_that_holds_anything_is_not_restored_into(
    target: Target, filled: Store, folder: Path, other: Target
) -> None:
    await copied(target, folder)
    with pytest.raises(Refused, match="is not empty"):
        await restored(target, folder, resume=False)
    store = other.store(create=True)
    await store.deadletters.put(letter(NAMES[0]))
    with pytest.raises(Refused, match="is not empty: it has dead letter"):
        await restored(other, folder, resume=False)
    await store.close()
    assert await letters(filled)


async def test_restore_goes_on_and_finds_its_own_rows(
    target: Target, filled: Store, folder: Path, other: Target
) -> None:
    await copied(target, folder)
    await restored(other, folder, resume=False)
    await restored(other, folder, resume=True)
    assert await contents(other) == await contents(target)
    assert await letters(filled)


async def test_store_that_is_not_there_is_not_copied_and_not_made(
    tmp_path: Path, folder: Path
) -> None:
    missing = Target(DOMAIN, f"sqlite:{tmp_path / 'typo.db'}", {})
    with pytest.raises(Unknown):
        await copied(missing, folder)
    assert not is_there(missing)
    assert not is_there(replace(missing, spec=f"sqlite:{folder}"))


async def test_restore_of_many_logs_shares_commits(
    tmp_path: Path, folder: Path, other: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, marker, cursor and head of a key are four writes; a commit is one wait for the disk."""
    source = Target(DOMAIN, f"sqlite:{tmp_path / 'app.db'}", {})
    store = source.store(create=True)
    keys = [f"C-{number}" for number in range(200)]
    for key in keys:
        await append(store, [request(key, 1)])
        cursor = await store.publications.cursor(key)
        await store.publications.move(key, cursor, 1, "")
    await store.close()
    await copied(source, folder)
    files: list[SqliteFile] = []
    init = SqliteFile.__init__

    def noted(self: SqliteFile, path: Path) -> None:
        init(self, path)
        files.append(self)

    monkeypatch.setattr(SqliteFile, "__init__", noted)
    assert (await restored(other, folder, resume=False))["keys"] == len(keys)
    assert 0 < sum(each.commits for each in files) <= len(keys)
