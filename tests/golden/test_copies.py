"""Copies of every version that a release has made can be put back; a new one is of the newest."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from store.app_port import AppStore
from store.audit_open import open_audit
from store.open import open_store
from store.restore_open import open_restore
from tests.golden.files import FOLDER
from tests.golden.stored import (
    assert_inbox_and_log_are_read,
    assert_the_rest_is_read,
    assert_work_goes_on,
    audited,
    fill,
)
from tests.store.examples import NOON
from tools.audit import WELL
from tools.copy_files import INDEX, VERSION
from tools.copying import copy
from tools.restoring import restore

COPIES: Final = {int(path.name[1:]): path for path in sorted((FOLDER / "copies").glob("v*"))}


@pytest.fixture
def spec(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'todos.db'}"


@pytest.fixture
async def store(spec: str) -> AsyncIterator[AppStore]:
    opened = open_store(spec, {})
    yield opened
    await opened.close()


def test_there_is_a_golden_copy_of_every_version() -> None:
    assert list(COPIES) == list(range(1, VERSION + 1))


@pytest.mark.parametrize("version", COPIES)
async def test_a_copy_of_any_version_is_restored_and_worked_with(
    store: AppStore, spec: str, version: int
) -> None:
    async with AsyncExitStack() as stack:
        writer = open_restore(spec, {})
        stack.push_async_callback(writer.close)
        await restore(COPIES[version], store, writer, NOON)
    assert await audited(spec, {}) == WELL
    await assert_inbox_and_log_are_read(store)
    await assert_the_rest_is_read(store)
    await assert_work_goes_on(store)


def content(folder: Path) -> Mapping[str, str]:
    """All files, without the name of the store: it is where the file is."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    texts[INDEX] = json.dumps({**json.loads(texts[INDEX]), "store": ""})
    return texts


async def test_a_new_copy_is_of_the_newest_version_to_the_letter(
    store: AppStore, spec: str, tmp_path: Path
) -> None:
    """A difference is a change of format: it takes the next number and a copy of its own."""
    await fill(store)
    async with AsyncExitStack() as stack:
        reader = open_audit(spec, {})
        stack.push_async_callback(reader.close)
        await copy(reader, store.deadletters, tmp_path / "copy", lambda: NOON)
    assert content(tmp_path / "copy") == content(COPIES[VERSION])
