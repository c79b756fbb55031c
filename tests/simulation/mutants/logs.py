"""Logs that do not guard what they write."""

from collections.abc import Sequence

from store.port import Entry, Head
from tests.simulation.store import Rows, Tables
from todos import Todo


class NoVersion(Tables):
    """The head is not guarded, and what is written replaces what is there."""

    def head_moved(self, _rows: Rows, _head: Head) -> bool:
        return False

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.request_id in rows.requests


class RequestRowsReplaced(Tables):
    """A request row is written, and one that is there already does not matter."""

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.todo.id in rows.todos


class NoRequestRows(RequestRowsReplaced):
    """There are none to be found."""

    def find(self, _project_id: int, _request_ids: Sequence[str]) -> dict[str, Todo]:
        return {}


class VersionOnly(Tables):
    """The head is guarded; rows of TODOs are replaced."""

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.request_id in rows.requests


class InsertOnly(Tables):
    """The head is not guarded; rows of TODOs are inserted."""

    def head_moved(self, _rows: Rows, _head: Head) -> bool:
        return False
