"""What an audit checks, and what it finds in stores that were tampered with."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from store.ports.records import ERASED, Answered, Head
from store.ports.store import Store
from store.sqlite.calls import write
from store.sqlite.store import SqliteStore
from store.tables import rows
from store.tables.requests import delete, upsert
from store.tables.store import TableStore
from tests.tools.logs import KEYS, NOON, fill, request
from tools.audit.__main__ import audit
from tools.audit.findings import CONSISTENT, INCONSISTENT, Report, Severity
from tools.command import Target
from tools.stored.open import open_reader

KEY = KEYS[0]


async def findings(target: Target, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of an audit of everything, but the last."""
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    report = Report(as_json=False, what="customer")
    capsys.readouterr()
    code = await audit(target, reader, report)
    await reader.close()
    assert code == (1 if report.found[Severity.VIOLATION] else 0)
    *lines, last = capsys.readouterr().out.splitlines()
    assert last.startswith(f"{INCONSISTENT if code else CONSISTENT}: ")
    return lines


async def test_logs_that_the_app_wrote_are_consistent(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(store)
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    report = Report(as_json=False, what="customer")
    assert await audit(target, reader, report) == 0
    await reader.close()
    assert report.checked["entries"] == report.checked["folded"] == 60 * len(KEYS)
    assert report.checked["requests"] == 60 * len(KEYS)
    assert report.checked["inboxRows"] == 3 * len(KEYS)
    assert report.checked["keys"] == len(KEYS)
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{CONSISTENT}: 0 violations and 0 notes in 180 entries of 3 customers")
    assert f" of {reader.name}, " in line  # an audit of another store says nothing


async def test_empty_store_is_well(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await store.check() == {}
    assert await findings(target, capsys) == []


class Tampering:
    """Changes rows behind the back of the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def sql(self, text: str, *values: Any) -> None:
        assert isinstance(self.store, SqliteStore)
        await write(self.store.opened(), lambda db: db.execute(text, values).rowcount)

    async def row(self, row: dict[str, Any]) -> None:
        assert isinstance(self.store, TableStore)
        await self.store.tables["log"].transact([upsert(row)])

    async def drop(self, row_key: str) -> None:
        assert isinstance(self.store, TableStore)
        await self.store.tables["log"].transact([delete(KEY, row_key)])

    async def head(self, place: int, state: str | None) -> None:
        if isinstance(self.store, SqliteStore):
            sql = "UPDATE head SET place = ?, state = ? WHERE key = ?"
            await self.sql(sql, place, state, KEY)
        else:
            await self.row(rows.head_row(KEY, Head(place, state, None)))

    async def entry(self, answered: Answered) -> None:
        """Put an entry, and a request row that says the same."""
        entry = answered.entry
        if isinstance(self.store, SqliteStore):
            await self.sql(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                *(KEY, entry.place, entry.request_id, answered.payload),
                *(entry.output, int(entry.refused), entry.version, entry.mark),
            )
            sql = "INSERT OR REPLACE INTO request VALUES (?, ?, ?)"
            await self.sql(sql, KEY, entry.request_id, entry.place)
        else:
            await self.row(rows.entry_row(KEY, entry))
            await self.row(rows.answered_row(KEY, answered))

    async def without_entry(self, place: int) -> None:
        if isinstance(self.store, SqliteStore):
            await self.sql("DELETE FROM entry WHERE key = ? AND place = ?", KEY, place)
        else:
            await self.drop(rows.entry_key(place))

    async def without_request(self, request_id: str) -> None:
        if isinstance(self.store, SqliteStore):
            sql = "DELETE FROM request WHERE key = ? AND request_id = ?"
            await self.sql(sql, KEY, request_id)
        else:
            await self.drop(rows.logged_key(request_id))


Tamper = Callable[[Tampering, list[Answered]], Awaitable[None]]


async def hole(tampering: Tampering, _: list[Answered]) -> None:
    await tampering.without_entry(30)


async def last_entry_missing(tampering: Tampering, _: list[Answered]) -> None:
    await tampering.without_entry(60)


async def request_row_missing(tampering: Tampering, _: list[Answered]) -> None:
    await tampering.without_request("id-30")


async def entry_above_the_head(tampering: Tampering, log: list[Answered]) -> None:
    entry = replace(log[-1].entry, place=61, request_id="id-61")
    await tampering.entry(replace(log[-1], entry=entry))


async def head_missing_behind(tampering: Tampering, _: list[Answered]) -> None:
    await tampering.head(50, None)


async def other_output(tampering: Tampering, log: list[Answered]) -> None:
    spoilt = log[29].entry.output.replace("500", "501")
    assert spoilt != log[29].entry.output
    await tampering.entry(replace(log[29], entry=replace(log[29].entry, output=spoilt)))


async def other_payload(tampering: Tampering, log: list[Answered]) -> None:
    spoilt = log[29].payload.replace("500", "501")
    await tampering.entry(replace(log[29], payload=spoilt))


async def refusal_that_was_none(tampering: Tampering, log: list[Answered]) -> None:
    await tampering.entry(replace(log[29], entry=replace(log[29].entry, refused=True)))


async def unknown_version(tampering: Tampering, log: list[Answered]) -> None:
    await tampering.entry(replace(log[29], entry=replace(log[29].entry, version=9)))


async def payload_of_no_domain(tampering: Tampering, log: list[Answered]) -> None:
    await tampering.entry(replace(log[29], payload='{"title":"\x1b[2J"}'))


async def payload_no_json(tampering: Tampering, log: list[Answered]) -> None:
    await tampering.entry(replace(log[29], payload="\x1b[2J"))


async def other_state(tampering: Tampering, _: list[Answered]) -> None:
    await tampering.head(60, '{"last":1,"totals":{}}')


async def id_with_escapes(tampering: Tampering, log: list[Answered]) -> None:
    await tampering.without_request("id-30")
    entry = replace(log[29].entry, request_id="\x1b[2J\n")
    await tampering.entry(replace(log[29], entry=entry))


async def cursor_ahead(tampering: Tampering, _: list[Answered]) -> None:
    publications = tampering.store.publications
    await publications.move(KEY, await publications.cursor(KEY), 61, "")


async def inbox_of_no_domain(tampering: Tampering, _: list[Answered]) -> None:
    spoilt = replace(request(KEY, 700), payload='{"title":"\x1b[2J"}')
    await tampering.store.inbox.put([spoilt], NOON)


VIOLATIONS: list[tuple[Tamper, str]] = [
    (hole, "entry 31: there is no entry 30"),
    (last_entry_missing, "head: says 60, but there is no entry 60"),
    (request_row_missing, "entry 30: answers request 'id-30', which has no row for it"),
    (entry_above_the_head, "head: there is an entry row of place 61, but the head says 60"),
    (head_missing_behind, "head: there is an entry row of place 60, but the head says 50"),
    (other_output, "entry 30: says {"),
    (other_payload, "entry 30: says {"),
    (refusal_that_was_none, "entry 30: says {"),
    (unknown_version, "entry 30: cannot be folded again: version 9 of invoice is not in this"),
    (payload_of_no_domain, "entry 30: cannot be folded again: "),
    (payload_no_json, "entry 30: cannot be folded again: "),
    (other_state, "head: has the state "),
    (id_with_escapes, "the request id must consist of visible ASCII characters"),
    (cursor_ahead, "cursor: published up to 61, but the head says 60"),
    (inbox_of_no_domain, "inbox 'id-700': holds no payload"),
]


@pytest.mark.parametrize(
    ("tamper", "what"), VIOLATIONS, ids=[each.__name__ for each, _ in VIOLATIONS]
)
async def test_store_that_was_tampered_with_is_not_well(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str], tamper: Tamper, what: str
) -> None:
    logs = await fill(store)
    await tamper(Tampering(store), logs[KEY])
    lines = await findings(target, capsys)
    assert any(what in line for line in lines), lines
    assert all(line.startswith(f"violation: customer {KEY}: ") for line in lines), lines
    assert all(line.isprintable() for line in lines)


async def test_entry_that_differs_is_shown_once(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = await fill(store)
    await other_payload(Tampering(store), logs[KEY])
    [line] = await findings(target, capsys)
    assert "version 1 makes {" in line


async def test_log_that_nobody_will_publish_to_its_end_is_noted(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(store)
    markers = [each async for page in store.publications.marked() for each in page]
    await store.publications.unmark(markers[0])
    [line] = await findings(target, capsys)
    assert line.startswith(f"note: customer {KEY}: cursor: published up to 59 of 60, and no marker")


async def test_log_that_is_published_meanwhile_is_not_noted(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(store)
    publications = store.publications
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    is_marked = reader.is_marked

    async def published_before_the_look(key: str) -> bool:
        await publications.move(key, await publications.cursor(key), 60, "")
        [marker] = [each async for page in publications.marked() for each in page]
        await publications.unmark(marker)
        return await is_marked(key)

    report = Report(as_json=False, what="customer")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "is_marked", published_before_the_look)
        assert await audit(target, reader, report) == 0
    await reader.close()
    assert report.found[Severity.NOTE] == 0
    capsys.readouterr()


async def test_log_is_folded_up_to_an_erased_entry(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = await fill(store)
    blank = replace(logs[KEY][29].entry, output=ERASED)
    await Tampering(store).entry(Answered(blank, ERASED))
    [line] = await findings(target, capsys)
    assert line.startswith("note: ")
    assert "the payload of entry 30 was erased" in line


async def test_unreadable_rows_are_named(
    target: Target, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    if not isinstance(store, TableStore):
        return  # columns of a file are strict
    logs = await fill(store)
    log = store.tables["log"]
    await log.transact([upsert(rows.entry_row(KEY, logs[KEY][4].entry) | {"v": 2})])
    await log.transact([upsert({"PartitionKey": KEY, "RowKey": "zzz", "x": 1})])
    await log.transact([upsert(rows.answered_row(KEY, logs[KEY][7]) | {"RowKey": "r.else"})])
    lines = await findings(target, capsys)
    for what in (
        "t0000000005: row C-1042/t0000000005 has format 2",
        "zzz: is neither the head",
        "r.else: row C-1042/r.else is damaged",
    ):
        assert any(what in line for line in lines), lines
