"""Logs that guard less of what they write than `store.port` says."""

from collections.abc import Sequence

from store.port import Entry, Head
from tests.simulation.store import Rows, Tables
from todos import Todo


class GuardedByHead(Tables):
    """The head is guarded; rows of TODOs replace those that are there."""

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.request_id in rows.requests


class GuardedByRows(Tables):
    """The head is not guarded; rows of TODOs are inserted.

    For appends alone that would do (`model/configs/InsertsAlone.cfg`). But publishing fences the
    log by writing the head again, which then may write back an old one.
    """

    def head_moved(self, _rows: Rows, _head: Head) -> bool:
        return False


class Unguarded(GuardedByHead, GuardedByRows):
    """The head is not guarded, and rows of TODOs replace those that are there."""


class RequestRowsReplaced(Tables):
    """A request row replaces the one that is there."""

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.todo.id in rows.todos


class NoRequestRows(RequestRowsReplaced):
    """There are none to be found."""

    def find(self, _project_id: int, _request_ids: Sequence[str]) -> dict[str, Todo]:
        return {}
