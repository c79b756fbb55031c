"""Logs that guard less of what they write than `store.ports.log` says."""

from collections.abc import Sequence

from store.ports.records import Answered
from tests.simulation.tables import Rows, Tables


class GuardedByHead(Tables):
    """The head is guarded; rows of entries replace those that are there."""

    def is_taken(self, rows: Rows, answered: Answered) -> bool:
        return answered.entry.request_id in rows.requests


class GuardedByRows(Tables):
    """The head is not guarded; rows of entries are inserted.

    For appends alone that would do (`model/configs/InsertsAlone.cfg`). But publishing fences the
    log by writing the head again, which then may write back an old one.
    """

    def head_moved(self, _rows: Rows, _head: object) -> bool:
        return False


class Unguarded(GuardedByHead, GuardedByRows):
    """The head is not guarded, and rows of entries replace those that are there."""


class RequestRowsReplaced(Tables):
    """A request row replaces the one that is there."""

    def is_taken(self, rows: Rows, answered: Answered) -> bool:
        return answered.entry.place in rows.entries


class NoRequestRows(RequestRowsReplaced):
    """There are none to be found."""

    def find(self, _key: str, _ids: Sequence[str]) -> dict[str, Answered]:
        return {}
