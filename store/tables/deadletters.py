"""Dead letters on Azure Table Storage: one entity group transaction each.

    PartitionKey            RowKey                      columns
    source `~` partition    key of the position, `.`,   of row 00: `rows`, and the summary
                            number of the row           of every row: up to 8 chunks, c0 to c7

A binary column takes 64 KiB and a row 1 MiB, so a body of 1 MiB does not fit into one row; a
transaction takes 100 rows and 4 MiB, in base64, so all rows of a dead letter do fit into one. The
chunks are those of the details (see `store.details`) with the body behind them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

from store.details import bounded, decode_details, encode_details
from store.ports.deadletters import DeadLetter, DeadLetters, Name, Summary
from store.ports.records import Conflict, Unknown
from store.tables import rows
from store.tables.answers import ETAG
from store.tables.client import Table
from store.tables.requests import Row, delete, upsert

CHUNK_BYTES_MAX: Final = 65_536
"""What a column of type Edm.Binary takes."""

CHUNKS_PER_ROW_MAX: Final = 8
"""512 KiB: half of what a row takes. 2 MiB of body and details are five rows."""

LOOKS_MAX: Final = 3
"""Attempts to remove a dead letter while somebody else writes or removes it."""

SUMMARY: Final = (
    *("PartitionKey", "RowKey", "source", "partition", "position", "code", "reason"),
    *("requestId", "enqueuedAt", "storedAt", "bodyBytes", "v"),
)


class TableDeadLetters(DeadLetters):
    """Rows of one table."""

    def __init__(self, table: Table) -> None:
        """Keep them in `table`."""
        self._table = table

    @override
    async def put(self, letter: DeadLetter) -> None:
        """Write all rows in one transaction. A name stands for one content, so for as many rows."""
        await self._table.transact([upsert(row) for row in _rows(bounded(letter))])

    @override
    async def pages(self) -> AsyncIterator[Sequence[Summary]]:
        """Go through them; of 2 MiB of a dead letter only the summary travels."""
        async for page in self._table.pages("rows ge @one", {"one": 1}, SUMMARY):
            yield [_summary(row) for row in page]

    @override
    async def get(self, name: Name) -> DeadLetter | None:
        found = await self._find(name)
        if not found:
            return None
        with rows.readable(found[0]):
            return _letter(found)

    @override
    async def remove(self, name: Name, stored_at: datetime | None = None) -> None:
        for _ in range(LOOKS_MAX):
            found = await self._find(name, ("PartitionKey", "RowKey", "storedAt"))
            if not found or stored_at not in {None, found[0].get("storedAt")}:
                return
            try:
                await self._table.transact(
                    [delete(row["PartitionKey"], row["RowKey"], row[ETAG]) for row in found]
                )
            except Conflict:
                continue  # somebody else removes it too
            return
        raise Unknown(f"the rows of {name} keep changing")

    async def _find(self, name: Name, select: Sequence[str] = ()) -> list[Row]:
        where = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
        partition, key = _partition_of(name), rows.request_key(name.position)
        # The number of a row follows a tilde, which no other key has: no position begins another.
        values = {"partition": partition, "first": f"{key}~", "end": f"{key}~~"}
        pages = self._table.pages(where, values, select, partition=partition)
        return [row async for page in pages for row in page]


def _partition_of(name: Name) -> str:
    return f"{rows.partition_of(name.source)}~{rows.partition_of(name.partition)}"


def _rows(letter: DeadLetter) -> list[Row]:
    name = letter.summary.name
    details = encode_details(letter)
    content = details + letter.body
    row_bytes = CHUNKS_PER_ROW_MAX * CHUNK_BYTES_MAX
    pieces = [content[at : at + row_bytes] for at in range(0, len(content), row_bytes)]
    made: list[Row] = [
        {
            "PartitionKey": _partition_of(name),
            "RowKey": f"{rows.request_key(name.position)}~{number:02d}",
            **_chunks(piece),
        }
        for number, piece in enumerate(pieces)
    ]
    made[0] |= {"rows": len(made), "detailBytes": len(details), **_columns(letter.summary)}
    return made


def _chunks(piece: bytes) -> Row:
    starts = range(0, len(piece), CHUNK_BYTES_MAX)
    return {f"c{n}": piece[at : at + CHUNK_BYTES_MAX] for n, at in enumerate(starts)}


def _columns(summary: Summary) -> Row:
    columns: Row = {
        "source": summary.name.source,
        "partition": summary.name.partition,
        "position": summary.name.position,
        "code": summary.code,
        "reason": summary.reason,
        "requestId": summary.request_id,
        "enqueuedAt": summary.enqueued_at,
        "storedAt": summary.stored_at,
        "bodyBytes": summary.body_bytes,
    }
    return {name: value for name, value in columns.items() if value is not None}


def _summary(row: Mapping[str, Any]) -> Summary:
    with rows.readable(row):
        return Summary(
            name=Name(*(rows.text(row, each) for each in Name.__slots__)),
            code=row["code"],
            reason=row["reason"],
            request_id=row.get("requestId"),
            enqueued_at=row.get("enqueuedAt"),
            stored_at=row["storedAt"],
            body_bytes=row["bodyBytes"],
        )


def _letter(found: Sequence[Row]) -> DeadLetter:
    first = found[0]
    if len(found) != first["rows"]:
        raise ValueError(f"{len(found)} of {first['rows']} rows")
    content = b"".join(
        row[name] for row in found for n in range(CHUNKS_PER_ROW_MAX) if (name := f"c{n}") in row
    )
    details, body = content[: first["detailBytes"]], content[first["detailBytes"] :]
    return decode_details(_summary(first), details, body)
