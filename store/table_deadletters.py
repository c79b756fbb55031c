"""Dead letters on Azure Table Storage: one entity group transaction each.

    PartitionKey       RowKey                            columns
    hub `.` partition  sequence number, 20 digits, `-`,  of row 00: `rows`, and the summary
                       hash, `.`, number of the row      of every row: up to 8 chunks, c0 to c7

A binary column takes 64 KiB and a row 1 MiB, so a body of 1 MiB does not fit into one row; a
transaction takes 100 rows and 4 MiB, in base64, so all rows of an event do fit into one. The
chunks are those of the details (see `store.letter_details`) with the body behind them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from azure.data.tables import TableEntity, TransactionOperation, UpdateMode

from store.deadletters_port import DeadLetter, Key, Summary
from store.letter_details import decode_details, encode_details
from store.port import Conflict, Unknown
from store.rows import Row, check_format
from store.table_client import Operation, Table, delete, translated

CHUNK_BYTES_MAX: Final = 65_536
"""What a column of type Edm.Binary takes."""

CHUNKS_PER_ROW_MAX: Final = 8
"""512 KiB: half of what a row takes. 2 MiB of body and details are five rows."""

SEQUENCE_DIGITS: Final = 20
"""A sequence number is a signed 64 bit integer; keys sort as text."""

LOOKS_MAX: Final = 3
"""Attempts to remove a letter while somebody else writes or removes it."""

SUMMARY: Final = (
    *("hub", "partition", "position", "code", "reason", "requestId"),
    *("RowKey", "enqueuedAt", "storedAt", "bodyBytes", "v"),
)


class TableDeadLetters:
    """As `store.deadletters_port.DeadLetters` says."""

    def __init__(self, table: Table) -> None:
        """Keep them in `table`."""
        self._table = table

    async def put(self, letter: DeadLetter) -> None:
        """As the port says. A key stands for one content, and so for one number of rows."""
        await self._table.transact([_upsert(row) for row in _rows(letter)])

    async def pages(self) -> AsyncIterator[Sequence[Summary]]:
        """As the port says; of 2 MiB of a letter only the summary travels."""
        async for page in self._table.pages("rows ge @one", {"one": 1}, SUMMARY):
            with translated("dead letter"):
                yield [_summary(row) for row in page]

    async def get(self, key: Key) -> DeadLetter | None:
        """As the port says, in a query of its rows."""
        rows = await self._find(key)
        if not rows:
            return None
        with translated("dead letter"):
            return _letter(rows)

    async def remove(self, key: Key) -> None:
        """As the port says, in one transaction."""
        for _ in range(LOOKS_MAX):
            rows = await self._find(key, ("PartitionKey", "RowKey"))
            if not rows:
                return
            try:
                await self._table.transact(
                    [delete(row["PartitionKey"], row["RowKey"]) for row in rows]
                )
            except Conflict:
                continue  # somebody else removes it too
            return
        raise Unknown(f"the rows of {key} keep changing")

    async def _find(self, key: Key, select: Sequence[str] = ()) -> list[TableEntity]:
        where = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
        values = {
            "partition": _partition_of(key),
            "first": f"{_row_key_of(key)}.",
            "end": f"{_row_key_of(key)}/",  # the character after the dot
        }
        return [row async for page in self._table.pages(where, values, select) for row in page]


def _upsert(row: Row) -> Operation:
    return TransactionOperation.UPSERT, row, {"mode": UpdateMode.REPLACE}


def _partition_of(key: Key) -> str:
    return f"{key.hub}.{key.partition}"


def _row_key_of(key: Key) -> str:
    number, dash, content = key.position.partition("-")
    return f"{int(number):0{SEQUENCE_DIGITS}d}-{content}" if dash else key.position


def _rows(letter: DeadLetter) -> list[Row]:
    key = letter.summary.key
    details = encode_details(letter.message_id, letter.properties)
    text = details + letter.body
    row_bytes = CHUNKS_PER_ROW_MAX * CHUNK_BYTES_MAX
    pieces = [text[at : at + row_bytes] for at in range(0, len(text), row_bytes)]
    rows: list[Row] = [
        {
            "PartitionKey": _partition_of(key),
            "RowKey": f"{_row_key_of(key)}.{number:02d}",
            **_chunks(piece),
        }
        for number, piece in enumerate(pieces)
    ]
    rows[0] |= {"rows": len(rows), "detailBytes": len(details), **_columns(letter.summary)}
    return rows


def _chunks(piece: bytes) -> Row:
    starts = range(0, len(piece), CHUNK_BYTES_MAX)
    return {f"c{n}": piece[at : at + CHUNK_BYTES_MAX] for n, at in enumerate(starts)}


def _columns(summary: Summary) -> Row:
    columns: Row = {
        "hub": summary.key.hub,
        "partition": summary.key.partition,
        "position": summary.key.position,
        "code": summary.code,
        "reason": summary.reason,
        "requestId": summary.request_id,
        "enqueuedAt": summary.enqueued_at,
        "storedAt": summary.stored_at,
        "bodyBytes": summary.body_bytes,
    }
    return {name: value for name, value in columns.items() if value is not None}


def _summary(row: Mapping[str, Any]) -> Summary:
    check_format(row)
    return Summary(
        key=Key(row["hub"], row["partition"], row["position"]),
        code=row["code"],
        reason=row["reason"],
        request_id=row.get("requestId"),
        enqueued_at=row.get("enqueuedAt"),
        stored_at=row["storedAt"],
        body_bytes=row["bodyBytes"],
    )


def _letter(rows: Sequence[TableEntity]) -> DeadLetter:
    first = rows[0]
    if len(rows) != first["rows"]:
        raise ValueError(f"{len(rows)} of {first['rows']} rows")
    text = b"".join(
        row[name] for row in rows for n in range(CHUNKS_PER_ROW_MAX) if (name := f"c{n}") in row
    )
    details, body = text[: first["detailBytes"]], text[first["detailBytes"] :]
    message_id, properties = decode_details(details)
    return DeadLetter(_summary(first), message_id, properties, body)
