"""What must hold at every instant, checked after every step that changed anything."""

from collections.abc import Iterable
from enum import Enum

from tests.simulation.store import Rows, Tables
from todos import Todo, TodoRequest

Name = tuple[int, str]


class Broken(Enum):
    """The promises, by what it is called when they are broken."""

    HOLE = "the log is not exactly 1..n"
    TWICE = "one request owns two ids"
    CHANGED = "a written TODO changed"
    INVENTED = "the log holds what nobody sent"
    OTHER = "the log holds other content than was accepted"
    REFUSED = "the log holds what was refused"
    SHOWN = "somebody was shown a TODO that is not in the log"
    LOST = "an accepted request is neither in the inbox nor in the log"
    STUCK = "without faults, an accepted request does not get into the log"
    LEFT = "without faults, inbox or outbox are not cleared"
    ERROR = "the code under test raised what it must not"


class Violation(Exception):
    """A promise was broken."""

    def __init__(self, broken: Broken, detail: str) -> None:
        super().__init__(f"{broken.value}: {detail}")
        self.broken = broken


class Ledger:
    """Remembers what was sent, promised and shown, and compares it with what is stored."""

    def __init__(self) -> None:
        self.promised: dict[Name, TodoRequest] = {}
        self._sent: set[TodoRequest] = set()
        self._refused: set[TodoRequest] = set()
        self._shown: dict[Name, Todo] = {}
        self._written: dict[int, list[Todo]] = {}
        self._changed: set[int] = set()

    def changed(self, project_id: int) -> None:
        self._changed.add(project_id)

    def sent(self, request: TodoRequest) -> None:
        self._sent.add(request)

    def accepted(self, request: TodoRequest) -> None:
        self.promised[request.project_id, request.request_id] = request
        self.changed(request.project_id)

    def refused(self, request: TodoRequest) -> None:
        self._refused.add(request)
        self.changed(request.project_id)

    def shown(self, request: TodoRequest, todo: Todo) -> None:
        self.accepted(request)
        name = (request.project_id, request.request_id)
        if todo != self._shown.setdefault(name, todo):
            raise Violation(Broken.SHOWN, f"{todo} after {self._shown[name]}")

    def check(self, tables: Tables) -> None:
        """Raise Violation if a project that changed since the last check breaks a promise."""
        while self._changed:
            project_id = self._changed.pop()
            rows = tables.rows(project_id)
            self._check_log(project_id, rows)
            self._check_promises(project_id, rows)

    def _check_log(self, project_id: int, rows: Rows) -> None:
        ids = sorted(rows.todos)
        _hold(ids == list(range(1, rows.head.state + 1)), Broken.HOLE, (rows.head, ids))
        answered = sorted(todo.id for todo in rows.requests.values())
        _hold(answered == ids, Broken.TWICE, (ids, rows.requests))
        now = [rows.todos[each] for each in ids]
        before = self._written.get(project_id, [])
        _hold(now[: len(before)] == before, Broken.CHANGED, (before, now))
        self._written[project_id] = now
        for request_id, todo in rows.requests.items():
            request = TodoRequest(project_id, request_id, todo.title)
            _hold(rows.todos[todo.id] == todo, Broken.CHANGED, (todo, rows.todos))
            _hold(request in self._sent, Broken.INVENTED, request)
            _hold(request not in self._refused, Broken.REFUSED, request)

    def _check_promises(self, project_id: int, rows: Rows) -> None:
        for (project, request_id), request in self.promised.items():
            if project != project_id:
                continue
            todo, row = rows.requests.get(request_id), rows.inbox.get(request_id)
            _hold(todo is not None or row is not None, Broken.LOST, request)
            title = todo.title if todo else row and row[1].title
            _hold(title == request.title, Broken.OTHER, (request, title))
            shown = self._shown.get((project, request_id))
            _hold(shown in {None, todo}, Broken.SHOWN, (request_id, shown, todo))

    def check_settled(self, tables: Tables, outboxes: Iterable[tuple[int, str]]) -> None:
        """Raise Violation unless all that was accepted is in the log, and nothing waits."""
        for (project_id, request_id), request in self.promised.items():
            _hold(request_id in tables.rows(project_id).requests, Broken.STUCK, request)
        for project_id, rows in tables.projects.items():
            _hold(not rows.inbox, Broken.LEFT, (project_id, "inbox", list(rows.inbox)))
        for project_id, request_id in outboxes:
            logged = request_id in tables.rows(project_id).requests
            _hold(logged, Broken.LEFT, (project_id, "outbox", request_id))

    def restart(self, tables: Tables) -> None:
        """Take what is stored now for all there ever was: the account failed over to a copy."""
        self.promised.clear()
        self._shown.clear()
        self._written.clear()
        self._changed.update(tables.projects)


def _hold(holds: bool, broken: Broken, detail: object) -> None:  # noqa: FBT001
    if not holds:
        raise Violation(broken, f"{detail}")
