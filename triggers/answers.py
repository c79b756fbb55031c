"""The answers to requests that went well."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import azure.functions as func

from todos import Todo, TodoRequest
from todos.wire import todo_json

ROOT: Final = "/api"
"""The route prefix; `extensions.http.routePrefix` of host.json leaves it at its default."""

RETRY_AFTER_SECONDS: Final = "1"

MEDIA_TYPE: Final = "application/json"

# UTF-8 as it is: shorter, and readable in a terminal. Titles hold nothing UTF-8 cannot.
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def ok(body: Any, cache_control: str = "no-store") -> func.HttpResponse:
    """200."""
    return _response(200, body, {"Cache-Control": cache_control})


def created(todo: Todo, headers: Mapping[str, str]) -> func.HttpResponse:
    """201: it is in the log."""
    address = f"{ROOT}/projects/{todo.project_id}/todos/{todo.id}"
    return _response(201, todo_json(todo), {"Location": address, **headers})


def accepted(request: TodoRequest, headers: Mapping[str, str]) -> func.HttpResponse:
    """202: it is in the inbox; ask again at `Location`."""
    located = {"Location": request_address(request.project_id, request.request_id)}
    return waiting(request.project_id, request.request_id, {**located, **headers})


def waiting(
    project_id: int, request_id: str, headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """202: it is in the inbox; ask again."""
    body = {"status": "accepted", "projectId": project_id, "requestId": request_id}
    pause = {"Retry-After": RETRY_AFTER_SECONDS, "Cache-Control": "no-store"}
    return _response(202, body, {**pause, **(headers or {})})


def accepted_batch(results: list[dict[str, Any]]) -> func.HttpResponse:
    """202: each item has a result of its own."""
    return _response(202, {"results": results}, {})


def request_address(project_id: int, request_id: str) -> str:
    """Where to ask for a request. A slash stays one: servers decode everything else."""
    return f"{ROOT}/projects/{project_id}/requests/{quote(request_id, safe='/')}"


def page_address(project_id: int, after: int, limit: int) -> str:
    """Where the TODOs with an id above `after` are."""
    return f"{ROOT}/projects/{project_id}/todos?after={after}&limit={limit}"


def _response(status: int, body: Any, headers: Mapping[str, str]) -> func.HttpResponse:
    return func.HttpResponse(
        _encode(body), status_code=status, mimetype=MEDIA_TYPE, headers=headers
    )
