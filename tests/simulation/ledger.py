"""What must hold at every instant, checked after every step that changed anything."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from publishing.events import Event, event_of
from store.port import Entry
from tests.simulation.store import Rows, Tables
from todos import Todo, TodoRequest

Name = tuple[int, str]


class Broken(Enum):
    """The promises, by what it is called when they are broken."""

    HOLE = "the log is not exactly 1..n"
    TWICE = "one request owns two ids"
    CHANGED = "a written TODO changed"
    INVENTED = "the log holds what nobody sent, or what was turned away"
    OTHER = "the log holds other content than was accepted"
    REFUSED = "the log holds what was refused"
    SHOWN = "somebody was shown a TODO that is not in the log"
    LOST = "an accepted request is neither in the inbox nor in the log"
    OUT = "the output hub holds what is not in the log"
    GAP = "the output hub has an event before the one that it follows"
    AHEAD = "the cursor is ahead of the output hub"
    UNMARKED = "the log has what is not published, and no marker says so"
    STUCK = "without faults, an accepted request does not get into the log"
    LEFT = "without faults, inbox or outbox are not cleared"
    UNPUBLISHED = "without faults, a TODO does not get into the output hub"
    RESTLESS = "without faults, the same events are published again and again"
    ERROR = "the code under test raised what it must not"


class Violation(Exception):
    """A promise was broken."""

    def __init__(self, broken: Broken, detail: str) -> None:
        super().__init__(f"{broken.value}: {detail}")
        self.broken = broken


class Ledger:
    """Remembers what was sent, promised and shown, and compares it with what is stored."""

    def __init__(self, *, is_published: bool = False) -> None:
        """`is_published`: whether the log is to get into the output hub."""
        self._is_published = is_published
        self._arrived: list[tuple[int, Event]] = []
        self._published: dict[int, int] = {}
        self.count: Counter[str] = Counter()
        """What clients did to try the promises."""
        self._names: set[Name] = set()
        self.promised: dict[Name, TodoRequest] = {}
        self._sent: Counter[TodoRequest] = Counter()
        """How often, without the times that it was turned away."""
        self._broken: list[tuple[Broken, object]] = []
        """What no table shows."""
        self._refused: set[TodoRequest] = set()
        self._shown: dict[Name, Todo] = {}
        self._written: dict[int, list[Todo]] = {}
        self._changed: set[int] = set()

    def changed(self, project_id: int) -> None:
        self._changed.add(project_id)

    def sent(self, request: TodoRequest) -> None:
        name = (request.project_id, request.request_id)
        if name in self._names:
            self.count["client REPEATED" if request in self._sent else "client OTHER_TITLE"] += 1
        self._names.add(name)
        self._sent[request] += 1

    def turned_away(self, request: TodoRequest) -> None:
        """Take note of a 429: nothing may come of this one."""
        self._sent[request] -= 1
        self.changed(request.project_id)

    def accepted(self, request: TodoRequest) -> None:
        first = self.promised.setdefault((request.project_id, request.request_id), request)
        if first != request:
            self._broken.append((Broken.OTHER, (first, request)))
        self.changed(request.project_id)

    def refused(self, request: TodoRequest) -> None:
        self._refused.add(request)
        self.changed(request.project_id)

    def shown(self, request: TodoRequest, todo: Todo) -> None:
        self.accepted(request)
        name = (request.project_id, request.request_id)
        if todo != self._shown.setdefault(name, todo):
            self._broken.append((Broken.SHOWN, (todo, self._shown[name])))

    def published(self, partition_key: str, event: Event) -> None:
        self._arrived.append((int(partition_key), event))

    def check(self, tables: Tables) -> None:
        """Raise Violation if a project that changed since the last check breaks a promise."""
        for broken, detail in self._broken:
            raise Violation(broken, f"{detail}")
        for project_id, event in self._arrived:
            self._check_event(project_id, tables.rows(project_id), event)
        self._arrived.clear()
        while self._changed:
            project_id = self._changed.pop()
            rows = tables.rows(project_id)
            self._check_log(project_id, rows)
            self._check_promises(project_id, rows)
            if self._is_published:
                self._check_cursor(project_id, rows)

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
            _hold(self._sent[request] > 0, Broken.INVENTED, request)
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

    def _check_event(self, project_id: int, rows: Rows, event: Event) -> None:
        todo = rows.requests.get(str(event.properties["requestId"]))
        entry = Entry(str(event.properties["requestId"]), todo) if todo else None
        _hold(entry is not None and event_of(entry) == event, Broken.OUT, (event, todo))
        sequence, last = int(event.properties["sequence"]), self._published.get(project_id, 0)
        _hold(sequence <= last + 1, Broken.GAP, (project_id, last, sequence))
        self._published[project_id] = max(last, sequence)

    def _check_cursor(self, project_id: int, rows: Rows) -> None:
        last = self._published.get(project_id, 0)
        _hold(rows.cursor.last <= last, Broken.AHEAD, (project_id, rows.cursor, last))
        done = rows.cursor.last == rows.head.state or rows.marker is not None
        _hold(done, Broken.UNMARKED, (project_id, rows.cursor, rows.head))

    def check_settled(self, tables: Tables, outboxes: Iterable[tuple[int, str]]) -> None:
        """Raise Violation unless all that was accepted is in the log, and nothing waits."""
        for (project_id, request_id), request in self.promised.items():
            _hold(request_id in tables.rows(project_id).requests, Broken.STUCK, request)
        for project_id, rows in tables.projects.items():
            _hold(not rows.inbox, Broken.LEFT, (project_id, "inbox", list(rows.inbox)))
        if self._is_published:
            for project_id, rows in tables.projects.items():
                there = (rows.cursor.last, self._published.get(project_id, 0))
                _hold(set(there) == {rows.head.state}, Broken.UNPUBLISHED, (project_id, there))
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
