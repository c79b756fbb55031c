"""What commands read of a store: all keys there can be, each once, in one order."""

from dataclasses import replace
from typing import Any

import pytest

from store.open import open_store
from store.ports.publications import Cursor
from store.ports.records import Conflict, Head
from tests.store.examples import IDS, NOON, a_request, answers, append
from tools.command import Target
from tools.stored.open import open_reader, open_writer
from tools.stored.request_rows import RequestRows


async def rows(pages: Any) -> list[Any]:
    return [row async for page in pages for row in page]


async def test_every_key_is_read_once_with_all_its_rows(target: Target) -> None:
    store = open_store(target.spec, "things", target.environ)
    logs = {}
    for key in IDS.values():
        logs[key] = await append(store.log, [a_request(key, "a"), a_request(key, "b")])
        await store.inbox.put([a_request(key, "waits")], NOON)
        await store.publications.move(key, Cursor(0, None), 1, "")
        await store.publications.mark(key, NOON)
    await store.inbox.put([a_request("inbox-only", "waits")], NOON)
    await store.publications.move("cursor-only", Cursor(0, None), 1, "")
    assert await store.check() == {}
    await store.close()
    reader = open_reader(target.spec, "things", target.environ)
    keys = [key async for key in reader.keys("")]
    assert sorted(keys) == sorted([*IDS.values(), "inbox-only", "cursor-only"])
    for number, key in enumerate(keys):
        assert [each async for each in reader.keys(key)] == keys[number + 1 :]
    for key, log in logs.items():
        head = await reader.head(key)
        assert isinstance(head, Head)
        assert head.place == 2
        assert await reader.cursor(key) == 1
        assert await rows(reader.entries(key)) == [each.entry for each in log]
        assert sorted(await rows(reader.answered(key)), key=str) == sorted(log, key=str)
        [waiting] = await rows(reader.inbox(key))
        assert waiting.request == a_request(key, "waits")
    assert await reader.head("inbox-only") is None
    assert await reader.cursor("inbox-only") is None
    await reader.close()


async def test_long_logs_are_read_over_pages(target: Target) -> None:
    writer = open_writer(target.spec, "things", target.environ, create=True)
    requests = [a_request("7", f"{n:04d}") for n in range(1_029)]
    log = answers(requests, 0)
    for first in range(0, len(log), 49):
        await writer.insert("7", log[first : first + 49])
    with pytest.raises(Conflict):
        await writer.insert("7", log[:1])
    await writer.finish("7", Head(len(log), "{}", None))
    with pytest.raises(Conflict):
        await writer.finish("7", Head(len(log), "{}", None))
    await writer.close()
    store = open_store(target.spec, "things", target.environ)
    await store.check()
    await store.close()
    reader = open_reader(target.spec, "things", target.environ)
    assert await rows(reader.entries("7")) == [each.entry for each in log]
    assert sorted(await rows(reader.answered("7")), key=str) == sorted(log, key=str)
    assert [key async for key in reader.keys("")] == ["7"]
    await reader.close()


def test_request_rows_are_taken_once_by_place() -> None:
    kept = RequestRows()
    log = answers([a_request("7", f"{n}") for n in range(5)], 0)
    assert all(kept.add(each) for each in reversed(log))
    assert not kept.add(replace(log[0], payload="another"))
    assert kept.take(3) == log[2]
    assert kept.take(3) is None
    assert list(kept.left()) == [*log[:2], *log[3:]]
    kept.clear()
    assert list(kept.left()) == []
    kept.close()
