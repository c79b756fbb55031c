"""What the golden files of stores say, and what it means to read them."""

from collections.abc import Mapping
from typing import Final

from store.app_port import AppStore
from store.audit_open import open_audit
from store.deadletters_port import DeadLetter, Key, Summary
from store.port import Entry
from tests.golden.examples import CHEESE, MILK
from tests.store.examples import NOON, append
from todos import Todo, TodoRequest
from tools.audit import audit
from tools.findings import Report

ENTRIES: Final = [
    Entry(each.request_id, Todo(7, n, each.title)) for n, each in enumerate((MILK, CHEESE), 1)
]
WAITING: Final = TodoRequest(7, "todo-requests/3/18", "Waits: ✓")
LETTER: Final = DeadLetter(
    Summary(
        Key("requests", "3", "19-5d41402a"),
        code="invalid",
        reason="#/title is missing",
        request_id="requests/3/19",
        enqueued_at=NOON,
        stored_at=NOON,
        body_bytes=13,
    ),
    message_id="m-1",
    properties={"requestId": "x", "n": 1},
    body=b'{"projectId":',
)


async def fill(store: AppStore) -> None:
    await store.log.append(7, await store.log.head(7), 2, ENTRIES)
    await store.inbox.put(7, [WAITING], NOON)
    await store.publications.mark(7, NOON)
    await store.publications.move(7, await store.publications.cursor(7), 1)
    await store.deadletters.put(LETTER)


async def assert_inbox_and_log_are_read(store: AppStore) -> None:
    assert (await store.log.head(7)).state == 2
    assert await store.log.entries(7, 0, 10) == ENTRIES
    assert await store.log.get(7, 2) == ENTRIES[1].todo
    ids = [each.request_id for each in ENTRIES]
    assert await store.log.find(7, ids) == {e.request_id: e.todo for e in ENTRIES}
    assert await store.inbox.get(7, [WAITING.request_id]) == {WAITING.request_id: WAITING}
    later = NOON.replace(year=2999)
    assert [list(each) async for each in store.inbox.waiting(later, 10)] == [[WAITING]]


async def assert_the_rest_is_read(store: AppStore) -> None:
    assert (await store.publications.cursor(7)).last == 1
    markers = [each async for page in store.publications.marked() for each in page]
    assert [(each.project_id, each.set_at) for each in markers] == [(7, NOON)]
    assert [list(page) async for page in store.deadletters.pages()] == [[LETTER.summary]]
    assert await store.deadletters.get(LETTER.summary.key) == LETTER


async def assert_work_goes_on(store: AppStore) -> None:
    """Rows of old and new live together."""
    await append(store.log, 7, [WAITING])
    await store.publications.move(7, await store.publications.cursor(7), 3)
    async for page in store.publications.marked():
        for marker in page:
            await store.publications.unmark(marker)
    assert [todo.id for todo in await store.log.read(7, 0, 10)] == [1, 2, 3]


async def audited(spec: str, environ: Mapping[str, str]) -> int:
    reader = open_audit(spec, environ)
    try:
        return await audit(reader, Report(as_json=True))
    finally:
        await reader.close()
