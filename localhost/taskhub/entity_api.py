"""Entities over HTTP: signal, read, list."""

import json
from dataclasses import replace
from typing import Final

from aiohttp import web

from localhost.newtonsoft import JsonError
from localhost.taskhub.instances import find_rows
from localhost.taskhub.management import Invalid, Management, NotFound
from localhost.taskhub.paging import page, wanted
from localhost.taskhub.resources import Resources
from localhost.taskhub.rpc import (
    WENT_WRONG,
    Call,
    Handler,
    Route,
    answer,
    compact,
    failure,
    message,
)
from localhost.taskhub.status import shown_entity

_WITH_KEY: Final = 3
"""Segments of `entities/{name}/{key}`."""


class EntityApi:
    """Handlers for `entities/...`."""

    def __init__(self, resources: Resources, management: Management) -> None:
        """Read committed rows, and let `management` do the rest."""
        self._reader = resources.file.reader
        self._management = management

    def routes(self) -> dict[Route, Handler]:
        """Return what it answers."""
        return {
            ("GET", "entities", 1, ""): self.list_all,
            ("GET", "entities", 2, ""): self.list_all,
            ("GET", "entities", 3, ""): self.read,
            ("POST", "entities", 2, ""): self.signal,
            ("POST", "entities", 3, ""): self.signal,
            ("DELETE", "entities", 2, ""): self.delete,
            ("DELETE", "entities", 3, ""): self.delete,
        }

    async def signal(self, call: Call) -> web.Response:
        """Enqueue an operation: 202 means enqueued, no more."""
        return await self._signal(call, call.query.get("op", ""))

    async def delete(self, call: Call) -> web.Response:
        """Signal the operation `delete`."""
        return await self._signal(call, "delete")

    async def _signal(self, call: Call, operation: str) -> web.Response:
        try:
            body = await _input(call)
        except JsonError as error:
            return message(400, f"Could not parse JSON content: {error}")
        await self._management.signal(call.parts[1], _key(call), operation, body)
        return answer(202)

    async def read(self, call: Call) -> web.Response:
        """Answer the committed state; 404 before the first commit."""
        row = self._management.find_entity(f"@{call.parts[1].lower()}@{_key(call)}")
        if not row.is_entity:  # an orchestration was started under this id
            said = (
                f"Error converting value {row.input} to type "
                "'DurableTask.Core.Entities.SchedulerState'. Path '', line 1, position "
                f"{len(row.input or '')}."
            )
            kind = "Newtonsoft.Json.JsonSerializationException"
            return failure(500, WENT_WRONG, said, kind)
        if row.input is None:
            raise NotFound(row.id)
        return answer(200, row.input)

    async def list_all(self, call: Call) -> web.Response:
        """List entities that have a state, those of one name if the path has one."""
        name = call.parts[1].lower() + "@" if len(call.parts) > 1 else ""
        times = ("lastoperationtimefrom", "lastoperationtimeto")
        asked = replace(wanted(call, f"@{name}", times), only_entities=True)
        rows = find_rows(self._reader, asked)
        with_state = call.flag("fetchstate", default=False)
        shown = [json.dumps(shown_entity(row, with_state=with_state)) for row in rows]
        return page(shown, rows, asked)


def _key(call: Call) -> str:
    """Return the key in the path: `$` is the empty one, none at all is a key `$`."""
    if len(call.parts) < _WITH_KEY:
        return "$"
    key = call.parts[2]
    if "\\" in key:
        raise Invalid("Entity keys must not contain \\.")
    return "" if key == "$" else key


async def _input(call: Call) -> str | None:
    """Return the operation's input text: JSON compactly, else the body as a JSON string.

    Raises JsonError.
    """
    body = await call.text()
    if call.has_json:
        return compact(body or "")
    return None if body is None else json.dumps(body, ensure_ascii=False)
