"""The calls that ask for TODOs: one with a key, one with an address, many at once."""

from typing import Any

import azure.functions as func

from activities.arrivals import Arrivals
from activities.hub import Hub
from store.port import Store
from todos import Todo, TodoRequest
from todos.wire import Invalid, parse_batch, parse_payload, parse_request, todo_json
from triggers import answers, parameters, problems
from triggers.idempotency_key import parse_key, render_key
from triggers.intake import Accepted, Created, Intake, Outcome, Refused
from triggers.preferences import Preferences, parse_preferences
from triggers.waiting import wait_for_todo


class TodoCalls:
    """Requests for TODOs over HTTP. Whatever goes wrong ends as a problem, never as an exception."""

    def __init__(self, store: Store, intake: Intake, arrivals: Arrivals) -> None:
        """Accept through `intake`; wait for the log of `store`, woken up by `arrivals`."""
        self._log = store.log
        self._intake = intake
        self._arrivals = arrivals

    async def post(self, req: func.HttpRequest, hub: Hub) -> func.HttpResponse:
        """`POST /api/todos`: the request id is the idempotency key."""
        named: dict[str, str] = {}
        try:
            body = parameters.json_body(req)
            key = parse_key(req.headers.get("idempotency-key"))
            # From here on the key is in every answer, however it ends: a client that did not
            # choose one needs it to repeat the request.
            named["Idempotency-Key"] = render_key(key)
            preferences = parse_preferences(req.headers.get("prefer"))
            return await self._create(parse_request(body, key), preferences, hub, named)
        except Exception as error:  # noqa: BLE001 - the table of problems has an entry for each
            return problems.answer(error, named)

    async def put(self, req: func.HttpRequest, hub: Hub) -> func.HttpResponse:
        """`PUT /api/projects/{projectId}/requests/{requestId}`: the address names the request."""
        try:
            body = parameters.json_body(req)
            preferences = parse_preferences(req.headers.get("prefer"))
            project_id, request_id = parameters.project_id(req), parameters.request_id(req)
            request = parse_payload(body, project_id, request_id)
            return await self._create(request, preferences, hub, {})
        except Exception as error:  # noqa: BLE001 - as in post
            return problems.answer(error)

    async def post_batch(self, req: func.HttpRequest, hub: Hub) -> func.HttpResponse:
        """`POST /api/todos/batch`: a result for each item, in order; no waiting."""
        try:
            items = parse_batch(parameters.json_body(req, parameters.BATCH_BODY_BYTES_MAX))
            requests = [each for each in items if isinstance(each, TodoRequest)]
            outcomes = iter(await self._intake.accept(requests, hub))
            return answers.accepted_batch(
                [
                    _invalid(each) if isinstance(each, Invalid) else _result(each, next(outcomes))
                    for each in items
                ]
            )
        except Exception as error:  # noqa: BLE001 - as in post
            return problems.answer(error)

    async def _create(
        self,
        request: TodoRequest,
        preferences: Preferences,
        hub: Hub,
        headers: dict[str, str],
    ) -> func.HttpResponse:
        # Expected before it is accepted: the TODO may be in the log before accept() returns.
        with self._arrivals.expect(request.project_id, request.request_id) as arrival:
            (outcome,) = await self._intake.accept([request], hub)
            if isinstance(outcome, Refused):
                raise problems.refused(outcome.reason)
            todo: Todo | None
            if isinstance(outcome, Created):
                headers["Idempotency-Replayed"] = "true"
                todo = outcome.todo
            else:
                wait = preferences.wait_seconds
                todo = await wait_for_todo(self._log, request, arrival, wait) if wait else None
        applied = preferences.applied(accepted_only=todo is None)
        if applied is not None:
            headers["Preference-Applied"] = applied
        if todo is None:
            return answers.accepted(request, headers)
        return answers.created(todo, headers)


def _result(request: TodoRequest, outcome: Outcome) -> dict[str, Any]:
    name = {"projectId": request.project_id, "requestId": request.request_id}
    if isinstance(outcome, Accepted):
        return {"status": "accepted", **name}
    if isinstance(outcome, Created):
        return {"status": "created", **name, "todo": todo_json(outcome.todo)}
    kind, detail = problems.REFUSALS[outcome.reason]
    return {"status": "refused", **name, "reason": kind.name, "detail": detail}


def _invalid(invalid: Invalid) -> dict[str, Any]:
    return {"status": "invalid", "errors": problems.errors_json(invalid.errors)}
