"""Entities over HTTP: signal, read, list."""

import json
from typing import Final

from aiohttp import web

from localhost.http_server import Request
from localhost.taskhub.instances import find_rows
from localhost.taskhub.management import Management, NotFound, check_characters
from localhost.taskhub.paging import page, wanted
from localhost.taskhub.resources import Resources
from localhost.taskhub.rpc import Call, Handler, Route, answer, parse_json
from localhost.taskhub.runtime import InstanceRow
from localhost.taskhub.status import entity_exists, shown_entity

_NOTHING: Final = "null"


class EntityApi:
    """Handlers for `entities/...`."""

    def __init__(self, resources: Resources, management: Management) -> None:
        """Read committed rows, and let `management` do the rest."""
        self._reader = resources.file.reader
        self._options = resources.options
        self._management = management

    def routes(self) -> dict[Route, Handler]:
        """Return what it answers."""
        return {
            ("GET", "entities", 1, ""): self.list_all,
            ("GET", "entities", 2, ""): self.list_all,
            ("GET", "entities", 3, ""): self.read,
            ("POST", "entities", 3, ""): self.signal,
            ("DELETE", "entities", 3, ""): self.delete,
        }

    async def signal(self, call: Call) -> web.Response:
        """Enqueue an operation: 202 means enqueued, no more."""
        _, name, key = call.parts
        body = await call.text()
        if body is not None:
            body = _input(call.request, body)
        await self._management.signal(name, _key(key), call.query.get("op", ""), body)
        return web.Response(status=202)

    async def delete(self, call: Call) -> web.Response:
        """Signal the operation `delete`."""
        _, name, key = call.parts
        await self._management.signal(name, _key(key), "delete", None)
        return web.Response(status=202)

    async def read(self, call: Call) -> web.Response:
        """Answer the committed state; 404 before the first commit."""
        _, name, key = call.parts
        row = self._management.find(f"@{name.lower()}@{_key(key)}")
        if self._is_absent(row):
            raise NotFound(row.id)
        return answer(200, row.input)

    def _is_absent(self, row: InstanceRow) -> bool:
        """Tell whether to answer 404. The text `null` of a destructed entity counts as state
        in Azure; whether it does here is a switch.
        """
        if row.input != _NOTHING or self._options.deleted_entity_reads_as_null:
            return row.input is None
        return not entity_exists(row)

    async def list_all(self, call: Call) -> web.Response:
        """List entities, those of one name if the path has one."""
        name = call.parts[1].lower() + "@" if len(call.parts) > 1 else ""
        wanted_rows = wanted(call, prefix=f"@{name}")
        rows = find_rows(self._reader, wanted_rows)
        with_state = call.flag("fetchstate", default=False)
        shown = [json.dumps(shown_entity(row, with_state=with_state)) for row in rows]
        return page(shown, rows, wanted_rows)


def _key(key: str) -> str:
    if key == "$":
        return ""
    check_characters(key, "Entity keys")
    return key


def _input(request: Request, body: str) -> str:
    """Return the body as the operation's input text: JSON compactly, else a JSON string."""
    if request.content_type != "application/json":
        return json.dumps(body, ensure_ascii=False)
    return json.dumps(parse_json(body), separators=(",", ":"), ensure_ascii=False)
