"""The entity `Project`, one per project: puts requests in order and gives each its id.

It may be wrong: the platform runs an operation again after a crash, perhaps in another order,
and may lose or roll back the state. So nobody acts on what an operation answers, and the id of
an entry is true only once the log has it (`activities.emit`). It does no I/O, sends nothing and
remembers nothing that is finished.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import azure.durable_functions as df

from entities.versions import FIELD, STATE_VERSION, fields_of, items_of
from todos import TodoRequest

ENTITY_NAME: Final = "Project"

OUTBOX_CHARACTERS_MAX: Final = 20_000
"""All outbox entries as they are stored: JSON text as a JSON string. The platform moves a state
beyond about 30,000 characters to a blob, which would make every operation slower."""

ID_CHARACTERS: Final = len(r"\"id\": 2147483647, ")
"""What an entry has besides its request."""

FIELD_CHARACTERS: Final = len(r"\"\": \"\", ")
"""What a field has besides its name and value."""

UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the SDK and we raise for JSON that is not what it should be."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A request with the id that the entity means to give it."""

    id: int
    request: TodoRequest


@dataclass(frozen=True, slots=True)
class Project:
    """The state: how far the log is known to go, and what has not been seen there yet."""

    head: int = 0
    outbox: tuple[Numbered, ...] = ()


def create(project: Project, requests: Iterable[TodoRequest]) -> Project:
    """Append the requests that are not in the outbox yet, as far as they fit.

    What does not fit is left out: whoever asked sees that it is missing and asks again.
    """
    outbox = list(project.outbox)
    known = {entry.request.request_id for entry in outbox}
    room = OUTBOX_CHARACTERS_MAX - sum(characters(entry.request) for entry in outbox)
    for request in requests:
        if request.request_id in known:
            continue
        room_after = room - characters(request)
        if room_after < 0:
            continue
        room = room_after
        known.add(request.request_id)
        outbox.append(Numbered(project.head + len(outbox) + 1, request))
    return Project(project.head, tuple(outbox))


def settle(project: Project, head: int, request_ids: Iterable[str]) -> Project:
    """Drop the requests that were seen in the log; the log goes at least as far as `head`."""
    done = frozenset(request_ids)
    left = tuple(entry for entry in project.outbox if entry.request.request_id not in done)
    return Project(max(project.head, head), left)


def entity(context: df.DurableEntityContext) -> None:
    """Run one operation; the only function here that speaks to the SDK."""
    project_id = context.entity_key
    before = _read_state(context)
    try:
        after = _decide(before, int(project_id), context.operation_name, context.get_input())
    except UNREADABLE as error:
        log.exception("operation_ignored project=%s", project_id, exc_info=error)
        after = before
    # SDK 1.x keeps the state of an operation that raised, and answers an operation that sets no
    # result with its neighbour's. So: decide first, then both, always.
    context.set_state(encode_state(after))
    context.set_result(None)


def _decide(before: Project, project_id: int, operation: str | None, body: Any) -> Project:
    if operation == "create":
        return create(before, decode_requests(project_id, items_of(body, "requests")))
    if operation == "settle":
        return _settle(before, fields_of(body))
    if operation == "settle_and_create":
        settled = _settle(before, fields_of(body))
        return create(settled, decode_requests(project_id, body["requests"]))
    msg = f"no operation {operation!r}"
    raise ValueError(msg)


def _settle(before: Project, body: Mapping[str, Any]) -> Project:
    return settle(before, int(body["head"]), [str(each) for each in body["requestIds"]])


def encode_request(request: TodoRequest) -> dict[str, Any]:
    """Put a request of a known project into flat JSON."""
    return {"requestId": request.request_id, **request.payload()}


def decode_requests(project_id: int, body: Sequence[Mapping[str, Any]]) -> list[TodoRequest]:
    """Take back what `encode_request` made. Raises one of UNREADABLE for anything else."""
    return [
        TodoRequest.of(
            project_id, str(each["requestId"]), {k: each[k] for k in each if k != "requestId"}
        )
        for each in body
    ]


def encode_state(project: Project) -> dict[str, Any]:
    """Put it into JSON: `{"v": 1, "head": 41, "outbox": [{"id": 42, "requestId": …, …}]}`."""
    return {
        FIELD: STATE_VERSION,
        "head": project.head,
        "outbox": [{"id": entry.id, **encode_request(entry.request)} for entry in project.outbox],
    }


def decode_state(project_id: int, state: Any) -> Project:
    """Take back what `encode_state` made, in any release up to this one.

    Nothing at all is the empty project. Raises one of UNREADABLE for anything else.
    """
    # A deleted entity, and one that never set its state, reads as null or as empty text.
    if state in (None, ""):
        return Project()
    fields = fields_of(state, STATE_VERSION)
    entries = fields["outbox"]
    requests = decode_requests(project_id, [{k: e[k] for k in e if k != "id"} for e in entries])
    numbered = tuple(
        Numbered(int(e["id"]), request) for e, request in zip(entries, requests, strict=True)
    )
    return Project(int(fields["head"]), numbered)


def _read_state(context: df.DurableEntityContext) -> Project:
    try:
        return decode_state(int(context.entity_key), context.get_state())
    except UNREADABLE as error:
        # Damaged, or of a newer release that was rolled back. Starting over loses nothing: the
        # inbox has the requests and the log has the ids.
        log.exception("entity_state_unreadable project=%s", context.entity_key, exc_info=error)
        return Project()


def characters(request: TodoRequest) -> int:
    """Return what a request takes up of `OUTBOX_CHARACTERS_MAX`."""
    fields = encode_request(request)
    if all(map(_is_plain, fields.values())):  # nearly always, and ten times as fast
        texts = sum(len(name) + len(value) + FIELD_CHARACTERS for name, value in fields.items())
        return texts - len(", ") + len('"{}"') + ID_CHARACTERS
    return len(json.dumps(json.dumps(fields))) + ID_CHARACTERS


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and '"' not in value and "\\" not in value


def blueprint() -> df.Blueprint:
    """Declare the entity."""
    functions = df.Blueprint()
    functions.entity_trigger("context", entity_name=ENTITY_NAME)(entity)
    return functions
