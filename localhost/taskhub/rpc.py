"""The durable HTTP API: routes to handlers, and failures to status codes (host-protocol 4.3, 4.4).

Always JSON or nothing: the SDK parses every answer.
"""

import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web

from localhost.http_server import Request
from localhost.taskhub.management import (
    Conflict,
    Gone,
    Invalid,
    NotFound,
    WrongState,
)

JSON: Final = "application/json; charset=utf-8"
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


def parse_json(text: str) -> object:
    """Parse JSON strictly. Raises Invalid."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        message = f"The body is not JSON: {error}"
        raise Invalid(message) from error


def _no_constant(name: str) -> float:
    message = f"{name} is not JSON"
    raise ValueError(message)


def answer(status: int, body: str | None = None, **headers: str) -> web.Response:
    """Return a response with a JSON body, or with none."""
    if body is None:
        return web.Response(status=status, headers=headers)
    headers["Content-Type"] = JSON
    return web.Response(status=status, body=body.encode(), headers=headers)


def message(status: int, text: str) -> web.Response:
    """Return an error that the API itself found."""
    return answer(status, json.dumps({"Message": text}))


def failure(status: int, error: Exception) -> web.Response:
    """Return an error in the form in which exceptions reach the outside."""
    body = {
        "Message": "Something went wrong while processing your request",
        "ExceptionMessage": str(error),
        "ExceptionType": "System.ArgumentException"
        if isinstance(error, Invalid)
        else type(error).__name__,
        "StackTrace": None,
    }
    return answer(status, json.dumps(body))


Route = tuple[str, str, int, str]
"""Method, first segment, number of segments, and what to do with an instance, or ''."""


class Routes:
    """Finds the handler of a request; what no route matches is 404."""

    def __init__(self, routes: Mapping[Route, Handler]) -> None:
        """Answer what is in `routes`."""
        self._routes = routes

    async def handle(  # noqa: PLR0911 - one line per kind of failure
        self, request: Request, relative_path: str, base: str
    ) -> web.Response:
        """Answer a request. `relative_path` is still escaped."""
        parts = _split(relative_path)
        handler = self._routes.get(_route(request.method, parts))
        if handler is None:
            return answer(404)
        try:
            return await handler(Call(request, base.rstrip("/"), parts, _query(request)))
        except NotFound:
            return answer(404)
        except Gone:
            return answer(410)
        except Conflict as error:
            return message(409, str(error))
        except Invalid as error:
            return failure(400, error)
        except (WrongState, sqlite3.Error) as error:
            return failure(500, error)


def _route(method: str, parts: Sequence[str]) -> Route:
    action = parts[2].lower() if parts[0] == "instances" and len(parts) >= _WITH_ACTION else ""
    return method, parts[0], len(parts), action


def _split(relative_path: str) -> list[str]:
    path = relative_path
    if "%" in path or "+" in path:
        path = unquote_plus(path)
    return path.strip("/").split("/")


def _query(request: Request) -> Mapping[str, str]:
    """Return the query; names in lower case, of repeated ones the last."""
    text = request.raw_path.partition("?")[2]
    if not text:
        return {}
    if text.startswith("op=") and not _SPECIAL & set(text):
        return {"op": text[3:]}  # nearly all requests
    return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}
