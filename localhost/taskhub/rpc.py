"""The durable HTTP API: routes to handlers, and failures to status codes (host-protocol 4.3, 4.4).

Always JSON or nothing: the SDK parses every answer.
"""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web

from localhost.http_head import Refused
from localhost.http_server import Request
from localhost.newtonsoft import JsonError, UnexpectedEnd, parse
from localhost.taskhub.management import Conflict, Gone, Invalid, NotFound, WrongState

JSON: Final = "application/json; charset=utf-8"
WENT_WRONG: Final = "Something went wrong while processing your request"
_STACK: Final = "   at localhost"
_SPECIAL: Final = frozenset("&%+;#")
_WITH_ACTION: Final = 3
"""Segments of `instances/{id}/{action}`, at least."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its path split and decoded."""

    request: Request
    base: str
    """The URL under which the API is reached from outside, without a slash at its end."""
    parts: Sequence[str]
    query: Mapping[str, str]

    @property
    def url(self) -> str:
        """What was asked, its query included."""
        return f"http://{self.request.headers.get('Host', '')}{self.request.raw_path}"

    @property
    def has_json(self) -> bool:
        """Whether the body says that it is JSON."""
        return self.request.content_type == "application/json"

    async def text(self) -> str | None:
        """Return the body, or None without one. Raises Invalid when it is not UTF-8.

        A body without Content-Length counts as none, as in the real host.
        """
        if not self.request.content_length:
            return None
        try:
            return (await self.request.read()).decode()
        except UnicodeDecodeError as error:
            message = f"The body is not UTF-8: {error}"
            raise Invalid(message) from error

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean of the query."""
        value = self.query.get(name)
        return default if value is None else value.lower() == "true"


Handler = Callable[[Call], Awaitable[web.Response]]


class BadJson(Exception):
    """The body is no JSON; `answer` says so as the real host does for this request."""

    def __init__(self, answer_: web.Response) -> None:
        super().__init__()
        self.answer = answer_


def compact(text: str) -> str:
    """Return a JSON text written anew without spaces. Raises JsonError."""
    return json.dumps(parse(text), separators=(",", ":"), ensure_ascii=False)


def as_sent(text: str) -> str:
    """Return a JSON text as it was sent, written anew only when it is not plain JSON.

    Raises BadJson.
    """
    try:
        json.loads(text)
    except ValueError:
        pass
    else:
        return text
    try:
        return compact(text)
    except UnexpectedEnd as error:
        said = "Unexpected end when reading JSON. Path '', line 1, position 1."
        kind = "Newtonsoft.Json.JsonSerializationException"
        raise BadJson(failure(500, WENT_WRONG, said, kind)) from error
    except JsonError as error:
        raise BadJson(invalid_json(error)) from error


def invalid_json(error: JsonError) -> web.Response:
    """Return the answer to a body that is no JSON."""
    return failure(400, "Invalid JSON content", str(error), "Newtonsoft.Json.JsonReaderException")


def answer(status: int, body: str | None = None, **headers: str) -> web.Response:
    """Return a response with a JSON body, or with none."""
    if body is None:
        return web.Response(status=status, headers=headers)
    headers["Content-Type"] = JSON
    return web.Response(status=status, body=body.encode("utf-8", "replace"), headers=headers)


def message(status: int, text: str) -> web.Response:
    """Return an error that the API itself found."""
    return answer(status, json.dumps({"Message": text}))


def failure(status: int, said: str, exception: str, kind: str) -> web.Response:
    """Return an error in the form in which .NET exceptions of a `kind` reach the outside."""
    body = {
        "Message": said,
        "ExceptionMessage": exception,
        "ExceptionType": kind,
        "StackTrace": _STACK,
    }
    return answer(status, json.dumps(body))


Route = tuple[str, str, int, str]
"""Method, first segment, number of segments, and what to do with an instance, or ''."""


class Routes:
    """Finds the handler of a request; what no route matches is 404."""

    def __init__(
        self, routes: Mapping[Route, Handler], hub_name: str, read_seconds: float = 0.0
    ) -> None:
        """Answer what is in `routes` for the task hub of this name; its reads take so long."""
        self._routes = routes
        self._read_seconds = read_seconds
        self._hub_name = hub_name.lower()

    async def handle(self, request: Request, relative_path: str, base: str) -> web.Response:
        """Answer a request. `relative_path` is still escaped."""
        parts = _split(relative_path)
        handler = self._routes.get(_route(request.method, parts))
        if handler is None:
            return answer(404)
        query = _query(request)
        if query.get("taskhub", self._hub_name).lower() != self._hub_name:
            return answer(404)
        connection = query.get("connection", "Storage")
        if connection.lower() not in {"storage", "azurewebjobsstorage"}:
            said = f"Unable to resolve the Azure Storage connection named '{connection}'."
            return failure(500, WENT_WRONG, said, "System.InvalidOperationException")
        if self._read_seconds and (request.method == "GET" or parts[0] == "orchestrators"):
            await asyncio.sleep(self._read_seconds)  # a start looks for the instance first
        return await _handled(handler, Call(request, base.rstrip("/"), parts, query))


async def _handled(  # noqa: PLR0911 - a line per failure
    handler: Handler, call: Call
) -> web.Response:
    try:
        return await handler(call)
    except NotFound:
        return answer(404)
    except Gone:
        return answer(410)
    except BadJson as error:
        return error.answer
    except Conflict as error:
        return message(409, str(error))
    except Invalid as error:
        return message(400, str(error))
    except (WrongState, sqlite3.Error) as error:
        return failure(500, WENT_WRONG, str(error), "System.InvalidOperationException")


def _route(method: str, parts: Sequence[str]) -> Route:
    first = parts[0].lower()
    action = parts[2].lower() if first == "instances" and len(parts) >= _WITH_ACTION else ""
    return method, first, len(parts), action


def _split(relative_path: str) -> list[str]:
    path = relative_path
    if "%" in path or "+" in path:
        path = unquote_plus(path)
        if "\0" in path:
            raise Refused(HTTPStatus.BAD_REQUEST)
    return path.strip("/").split("/")


def _query(request: Request) -> Mapping[str, str]:
    """Return the query; names in lower case, of repeated ones the last."""
    text = request.raw_path.partition("?")[2]
    if not text:
        return {}
    if text.startswith("op=") and not _SPECIAL & set(text):
        return {"op": text[3:]}  # nearly all requests
    return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}
