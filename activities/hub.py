"""What the protocol asks of the task hub, and the durable client doing it.

Everything sent through here may arrive twice, late, in any order, or never.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

import azure.durable_functions as df

from activities.settlements import Settled, Settlements
from entities.project import (
    ENTITY_NAME,
    UNREADABLE,
    Project,
    decode_state,
    encode_request,
)
from entities.versions import items_of, message
from todos import TodoRequest

ORCHESTRATION_NAME: Final = "outbox"

MESSAGE_CHARACTERS_MAX: Final = 40_000
"""Input of one signal or start as it travels: JSON text, as a JSON string, inside a JSON message.
Beyond about 45 KB the platform moves a message to a blob: one more write and one more read each."""

_QUOTES: Final = len(json.dumps(json.dumps("")))
"""Around the whole text of a message, so not around a part of it."""

CALL_SECONDS_MAX: Final = 4.0
"""One call to the hub. The SDK's own limit of 240 s would hold up everybody in the group."""

T = TypeVar("T")

Wanted = Mapping[int, Sequence[str]]
"""Request ids by project id."""


class Hub(Protocol):
    """The four things the protocol does with the task hub. Any exception: unknown outcome."""

    async def create(self, project_id: int, requests: Sequence[TodoRequest]) -> None:
        """Signal the entity of the project to put these into its outbox."""

    async def settle(self, project_id: int, head: int, request_ids: Sequence[str]) -> None:
        """Signal it that these are in the log, which goes at least as far as `head`."""

    async def project(self, project_id: int) -> Project:
        """Read the committed state of the entity; never what an operation answered."""

    async def start(self, wanted: Wanted) -> None:
        """Start an `outbox` orchestration for these requests."""


class DurableHub:
    """A Hub that speaks through the durable client of one invocation."""

    def __init__(
        self, client: df.DurableOrchestrationClient, settlements: Settlements | None = None
    ) -> None:
        """Use `client`, which stays usable after its invocation has ended.

        With `settlements`, what is settled waits a moment for the next `create` of its project.
        """
        self._client = client
        self._settlements = settlements

    async def create(self, project_id: int, requests: Sequence[TodoRequest]) -> None:
        """Signal in as many pieces as the message limit asks for, in order."""
        encoded = [encode_request(request) for request in requests]
        settled = self._settlements.take(project_id) if self._settlements and encoded else None
        for piece in pieces(encoded, encoded):
            if settled is None:
                await self._signal(project_id, "create", message(requests=piece))
            else:
                both = message(**settled.encode(), requests=piece)
                settled = None
                await self._signal(project_id, "settle_and_create", both)

    async def settle(self, project_id: int, head: int, request_ids: Sequence[str]) -> None:
        """Keep it for the next `create`, or signal now when there is none to wait for."""
        kept = self._settlements
        if kept is None or not kept.keep(project_id, head, request_ids, self._settle):
            await self._settle(project_id, Settled(head, tuple(request_ids)))

    async def _settle(self, project_id: int, settled: Settled) -> None:
        """Signal once for a chunk of the log, and in pieces for what a sweep has found."""
        for piece in pieces(settled.request_ids, settled.request_ids):
            part = Settled(settled.head, tuple(piece))
            await self._signal(project_id, "settle", message(**part.encode()))

    async def project(self, project_id: int) -> Project:
        """Read the state; an entity that never was, or is deleted, reads as the empty project."""
        answer = await _within_limit(self._client.read_entity_state(_entity_id(project_id)))
        try:
            project = decode_state(project_id, answer.entity_state)
        except UNREADABLE:
            return Project()  # the entity logs it and starts over with its next operation
        return self._settlements.apply(project_id, project) if self._settlements else project

    async def start(self, wanted: Wanted) -> None:
        """Start one orchestration, or several when the ids do not fit into one message."""
        pairs = [(project_id, each) for project_id, ids in wanted.items() for each in ids]
        # The first request id of a project brings the entry of the project with it.
        parts = [
            each if n else _work({project_id: [each]})
            for project_id, ids in wanted.items()
            for n, each in enumerate(ids)
        ]
        for piece in pieces(pairs, parts):
            body = encode_wanted(group(piece))
            await _within_limit(self._client.start_new(ORCHESTRATION_NAME, client_input=body))

    async def _signal(self, project_id: int, operation: str, body: Any) -> None:
        await _within_limit(self._client.signal_entity(_entity_id(project_id), operation, body))


HubOf = Callable[[Any], Hub]
"""Makes a hub of what the binding of a durable client gives an invocation."""


def group(pairs: Sequence[Sequence[Any]]) -> dict[int, list[str]]:
    """Gather (project id, request id) pairs by project, keeping their order."""
    wanted: dict[int, list[str]] = {}
    for project_id, request_id in pairs:
        wanted.setdefault(project_id, []).append(request_id)
    return wanted


def encode_wanted(wanted: Wanted) -> dict[str, Any]:
    """Put it into JSON: `{"v": 1, "wanted": [{"projectId": 7, "requestIds": […]}, …]}`."""
    return message(wanted=_work(wanted))


def _work(wanted: Wanted) -> list[dict[str, Any]]:
    return [{"projectId": each, "requestIds": list(ids)} for each, ids in wanted.items()]


def decode_wanted(body: Any) -> dict[int, list[str]]:
    """Take back what `encode_wanted` made. Raises one of UNREADABLE for anything else."""
    return {
        int(e["projectId"]): [str(i) for i in e["requestIds"]] for e in items_of(body, "wanted")
    }


def fit_message(requests: Sequence[TodoRequest]) -> Sequence[TodoRequest]:
    """Return the first requests, as many as one signal takes."""
    encoded = [encode_request(request) for request in requests]
    return requests[: len(pieces(encoded, encoded)[0])] if requests else ()


def pieces(items: Sequence[T], parts: Sequence[Any]) -> list[list[T]]:
    """Cut a list into pieces whose messages stay below the limit.

    `parts` is what each item adds to the JSON text of a message.
    """
    if len(json.dumps(json.dumps(json.dumps(list(parts))))) <= MESSAGE_CHARACTERS_MAX:
        return [list(items)] if items else []
    cut: list[list[T]] = []
    room = 0
    for item, part in zip(items, parts, strict=True):
        size = len(json.dumps(json.dumps(json.dumps(part)))) - _QUOTES + len(", ")
        if not cut or size > room:
            cut.append([])
            room = MESSAGE_CHARACTERS_MAX
        cut[-1].append(item)
        room -= size
    return cut


async def _within_limit(call: Awaitable[T]) -> T:
    """Bound a call in time, and let it end with an exception or not at all."""
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            return await call
    except asyncio.CancelledError:
        # After any connection error SDK 1.x closes the session that all its calls share, and
        # aiohttp cancels those that wait for a connection, though nobody cancelled their tasks.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionError("the session of the durable client was closed") from None


def _entity_id(project_id: int) -> df.EntityId:
    return df.EntityId(ENTITY_NAME, str(project_id))
