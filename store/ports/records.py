"""What is stored, and how a store fails. JSON texts here were made by `domain.decider`."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.request import Request as Request  # noqa: PLC0414 - a record of the stores, too

INBOX_ROWS_MAX: Final = 100
"""Rows of one inbox transaction: the limit of an entity group transaction of Table Storage."""

LOG_ENTRIES_MAX: Final = 49
"""Entries of one append: the head, a row per entry and a row per request within 100 rows."""

APPEND_CHARACTERS_MAX: Final = 600_000
"""JSON texts of one append (state, payloads, and each output twice). A transaction may have
4 MiB; a character is at most 6 bytes within it (an escaped U+2028)."""

INBOX_PUT_CHARACTERS_MAX: Final = 600_000
"""Payloads of one inbox transaction, for the same reason."""


ERASED: Final = '"erased"'
"""Stands in the place of a payload or an output that was erased (`tools.erase`): JSON, and no
object, so no domain can have written it."""


class StoreError(Exception):
    """The store did not do as asked."""

    is_of_a_service: Final = True
    """`telemetry.lines`: its text is the cause, and no traceback is needed."""


class Conflict(StoreError):
    """Nothing was written: a row is there that must not be, or the head has moved."""


class RowConflict(Conflict):
    """A row is there that must not be. `request_id` names the request whose row it is, if the
    store can tell.
    """

    def __init__(self, text: str, request_id: str | None = None) -> None:
        super().__init__(text)
        self.request_id = request_id


class Unknown(StoreError):
    """No answer, or one that says nothing: a write may have happened, or may still happen. Look,
    never undo. The same holds for a write whose caller was cancelled.
    """


class Missing(Unknown):
    """The table or the file is not there, and this store was opened so that it is not made."""


class Unusable(Unknown):
    """The whole store is damaged, or of another domain or a newer release. Nothing was read or
    written; asking again does not help until an operator acts.
    """


class Unreadable(StoreError):
    """A row is damaged, or was written by a newer release. Nothing was written; asking again does
    not help until somebody deploys or repairs.
    """


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a log. Once written it never changes."""

    place: int
    """1, 2, 3, … within the log of the key: no hole, no duplicate."""
    request_id: str
    version: int
    """Of the domain function that made `output`."""
    output: str
    """Canonical JSON, an object: the output, or a refusal `{"code", "detail"}`."""
    refused: bool = False
    """Whether `output` is a refusal."""
    mark: str = field(default="", compare=False)
    """Opaque. The store makes it with each append, and it stays when the entry is erased: so a
    reader can tell whether the entry that it saw is still there, or another one in its place, as
    after a fail-over. Empty for entries that were restored."""
    logged_at: datetime | None = field(default=None, compare=False)
    """When it was appended, by the clock of the store; aware. None where the store does not say,
    as of an entry that was restored or erased, and of one that was found by its request id."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request row says: the entry, and the payload that it answers."""

    entry: Entry
    payload: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends, as read at one moment."""

    place: int
    """Of the last entry; 0 when there is none."""
    state: str | None
    """JSON of the domain's state after that entry; None when there is none: the empty state."""
    version: str | None
    """Opaque: guards the next append. None when there is no head row yet. Every append and every
    fence makes a new one, also where a log was deleted and begins again."""


NO_HEAD: Final = Head(0, None, None)


def new_mark() -> str:
    """Make the mark of one append: few appends ever get the same place, so four bytes will do."""
    return secrets.token_hex(4)


def dense(entries: Sequence[Entry], after: int) -> None:
    """Raise Unknown when entries that were read behind `after` leave out a place.

    A log has no holes, so a reading that has one is wrong.
    """
    if entries and entries[-1].place - after != len(entries):
        raise Unknown(f"{len(entries)} entries between {after} and {entries[-1].place}")
