"""The HTTP calls over a real store, and requests as the worker hands them over."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import azure.functions as func

from activities.arrivals import Arrivals
from activities.emit import Emitter
from activities.windows import Windows
from store.port import Store
from tests.triggers.memory_hub import MemoryHub
from triggers.announcer import Announcer
from triggers.http_reading import ReadingCalls, guarded
from triggers.http_todos import TodoCalls
from triggers.intake import Intake

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Service:
    """Everything behind the routes."""

    store: Store
    hub: MemoryHub
    writing: TodoCalls
    reading: ReadingCalls

    @classmethod
    def over(cls, store: Store) -> "Service":
        arrivals = Arrivals()
        windows = Windows()
        intake = Intake(store, Announcer(windows), now=lambda: datetime.now(UTC))
        hub = MemoryHub(Emitter(store, arrivals, windows=windows))
        return cls(store, hub, TodoCalls(store, intake, arrivals), ReadingCalls(store))

    async def post(self, body: Any, **headers: str) -> func.HttpResponse:
        return await self.writing.post(request("POST", body=body, headers=headers), self.hub)

    async def put(self, project: object, key: str, body: Any, **headers: str) -> func.HttpResponse:
        route = {"projectId": str(project), "requestId": key}
        req = request("PUT", body=body, headers=headers, route=route)
        return await self.writing.put(req, self.hub)

    async def batch(self, body: Any, **headers: str) -> func.HttpResponse:
        return await self.writing.post_batch(request("POST", body=body, headers=headers), self.hub)

    async def get(
        self, call: str, query: Mapping[str, str] | None = None, **route: object
    ) -> func.HttpResponse:
        handler: Callable[[func.HttpRequest], Any] = getattr(self.reading, call)
        texts = {name: str(value) for name, value in route.items()}
        return await guarded(handler, request("GET", query=query, route=texts))

    async def is_empty(self, *project_ids: int) -> bool:
        """Whether nothing at all is stored for these projects."""
        for each in project_ids:
            if await self.store.inbox.count(each, 1) or (await self.store.log.read(each, 0, 1)):
                return False
        return not [
            each async for each in self.store.inbox.waiting(datetime.max.replace(tzinfo=UTC), 1)
        ]


def request(
    method: str,
    *,
    body: Any = b"",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    route: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    """Make a request; header names have `_` for `-`; a body that is not bytes is sent as JSON."""
    named = {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()}
    return func.HttpRequest(
        method,
        f"http://127.0.0.1/api/x?{urlencode(query or {})}",
        headers=(JSON if method != "GET" else {}) | named,
        params=dict(query or {}),
        route_params=dict(route or {}),
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
    )


def read(response: func.HttpResponse) -> Any:
    """Return the JSON of a response after looking at what every response must have."""
    media_type = "application/json" if response.status_code < 400 else "application/problem+json"
    assert response.mimetype == media_type
    body = json.loads(response.get_body())
    if response.status_code >= 400:
        assert body["status"] == response.status_code
        assert body["type"].startswith("/problems/")
        assert body["title"]
        assert body["detail"]
        assert response.headers["Cache-Control"] == "no-store"
    return body


def pointers(response: func.HttpResponse) -> dict[str, str]:
    """Return `errors` of a problem: the detail by pointer."""
    return {each["pointer"]: each["detail"] for each in read(response).get("errors", [])}
