"""The calls that look: at a project, its TODOs, a request."""

from collections.abc import Awaitable, Callable
from typing import Final

import azure.functions as func

from store.port import Store
from todos import last_id
from todos.wire import Invalid, todo_json
from triggers import answers, parameters, problems
from triggers.problems import NOT_FOUND, Problem

PENDING_MAX: Final = 10_000
"""Inbox rows that are counted; a client that has more waiting knows enough."""

CACHED: Final = "private, max-age=3600, immutable"
"""A TODO never changes. An hour, not a year: a store that was failed over by force may have lost
its last minutes, and then an id is given out again."""


class ReadingCalls:
    """Looks into the store, and answers with what is committed there."""

    def __init__(self, store: Store) -> None:
        """Read from `store`."""
        self._store = store

    async def project(self, req: func.HttpRequest) -> func.HttpResponse:
        """`GET /api/projects/{projectId}`; one that nobody used has nothing in it."""
        project_id = parameters.project_id(req)
        # The inbox first: a request that moves meanwhile is counted twice rather than not at all.
        pending = await self._store.inbox.count(project_id, PENDING_MAX)
        head = await self._store.log.head(project_id)
        return answers.ok(
            {"projectId": project_id, "last": last_id(head.state), "pending": pending}
        )

    async def todos(self, req: func.HttpRequest) -> func.HttpResponse:
        """`GET …/todos?after=0&limit=100`.

        `next` leads on as long as pages are full. Whoever wants to follow a project remembers the
        last id seen and asks with `after`: ids are dense, so that is each TODO exactly once.
        """
        project_id = parameters.project_id(req)
        after, limit = parameters.page(req)
        todos = await self._store.log.read(project_id, after, limit)
        full = len(todos) == limit
        next_page = answers.page_address(project_id, todos[-1].id, limit) if full else None
        return answers.ok({"todos": [todo_json(each) for each in todos], "next": next_page})

    async def todo(self, req: func.HttpRequest) -> func.HttpResponse:
        """`GET …/todos/{id}`; an id that cannot be is not found either, and we say why."""
        project_id = parameters.project_id(req)
        try:
            todo_id = parameters.todo_id(req)
        except Invalid as invalid:
            raise Problem(NOT_FOUND, "No TODO has such an id.", invalid.errors) from None
        todo = await self._store.log.get(project_id, todo_id)
        if todo is None:
            raise Problem(NOT_FOUND, f"Project {project_id} has no TODO {todo_id}.")
        return answers.ok(todo_json(todo), CACHED)

    async def request(self, req: func.HttpRequest) -> func.HttpResponse:
        """`GET …/requests/{requestId}`: the TODO, or how far it has got."""
        project_id = parameters.project_id(req)
        try:
            request_id = parameters.request_id(req)
        except Invalid as invalid:
            raise Problem(NOT_FOUND, "No request has such an id.", invalid.errors) from None
        # The inbox first, the log LAST. A request leaves the inbox only after it is in the log;
        # in the other order one that moves between the two reads is in neither, and we would
        # say 404 about a request that we promised to keep.
        rows = await self._store.inbox.get(project_id, [request_id])
        found = await self._store.log.find(project_id, [request_id])
        if request_id in found:
            return answers.ok(todo_json(found[request_id]))
        if request_id in rows:
            return answers.waiting(project_id, request_id)
        raise Problem(NOT_FOUND, "It was never accepted. Sending it with this request id is safe.")


async def guarded(
    call: Callable[[func.HttpRequest], Awaitable[func.HttpResponse]], req: func.HttpRequest
) -> func.HttpResponse:
    """Turn whatever a call raises into a problem."""
    try:
        return await call(req)
    except Exception as error:  # noqa: BLE001 - the table of problems has an entry for each
        return problems.answer(error)
