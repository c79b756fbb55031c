"""What the release before versions read and wrote. Frozen: it is never changed again.

Only the formats: the transitions are those of the entity as it is.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from entities.project import UNREADABLE, Numbered, Project, create, settle
from todos import TodoRequest


def entity(state: Any, operation: str, body: Any) -> dict[str, Any]:
    """Return the state that an operation leaves behind."""
    try:
        before = decode_state(state)
    except UNREADABLE:
        before = Project()
    try:
        after = _decide(before, operation, body)
    except UNREADABLE:
        after = before
    return encode_state(after)


def _decide(before: Project, operation: str, body: Any) -> Project:
    if operation == "create":
        return create(before, _requests(body))
    if operation == "settle":
        return _settle(before, body)
    return create(_settle(before, body), _requests(body["requests"]))


def _settle(before: Project, body: Mapping[str, Any]) -> Project:
    return settle(before, int(body["head"]), [str(each) for each in body["requestIds"]])


def _requests(body: Sequence[Mapping[str, Any]]) -> list[TodoRequest]:
    return [TodoRequest(7, str(each["requestId"]), each["title"]) for each in body]


def decode_state(state: Any) -> Project:
    if state in (None, ""):
        return Project()
    entries = state["outbox"]
    numbered = tuple(
        Numbered(int(e["id"]), r) for e, r in zip(entries, _requests(entries), strict=True)
    )
    return Project(int(state["head"]), numbered)


def encode_state(project: Project) -> dict[str, Any]:
    outbox = [{"id": each.id, **_encode(each.request)} for each in project.outbox]
    return {"head": project.head, "outbox": outbox}


def _encode(request: TodoRequest) -> dict[str, str]:
    return {"requestId": request.request_id, "title": request.title}


def message(operation: str, head: int, ids: Sequence[str], requests: Sequence[TodoRequest]) -> Any:
    """Return the input of an operation."""
    encoded = [_encode(each) for each in requests]
    settled = {"head": head, "requestIds": list(ids)}
    return {
        "create": encoded,
        "settle": settled,
        "settle_and_create": {**settled, "requests": encoded},
    }[operation]


def outbox(context: df.DurableOrchestrationContext) -> Generator[Any, Any, int]:
    """The orchestration, without its failures and its end."""
    wanted = context.get_input() or []
    while True:
        missing = yield context.call_activity("emit", wanted)
        if not missing:
            return 0
        for each in missing:
            if each["requests"]:
                entity_id = df.EntityId("Project", str(each["projectId"]))
                context.signal_entity(entity_id, "create", each["requests"])
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
        wanted = [{key: each[key] for key in ("projectId", "requestIds")} for each in missing]
