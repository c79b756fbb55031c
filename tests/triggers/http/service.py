"""The HTTP calls of a domain over a real store, and requests as the worker hands them over."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import azure.functions as func

from activities.drain import Drains
from activities.emit import Emitter
from activities.hand_over import HandOver
from domain.decider import Decider
from domain.domain import AnyDomain
from domain.wire import Wire
from intake.accept import Intake
from store.open import open_store
from store.ports.store import Store
from telemetry.decisions import Decisions
from tests.triggers.http.memory_hub import MemoryHub
from triggers.engine import Engine
from triggers.http.reading import Reading, guarded
from triggers.http.stories import Stories, places_to_look
from triggers.http.writing import Writing

JSON = {"content-type": "application/json"}


def now() -> datetime:
    return datetime.now(UTC)


def engine_of(domain: AnyDomain, store: Store, hub: MemoryHub) -> Engine:
    """Build the parts of a domain, with a hub in memory."""
    decider, tell = Decider(domain), Decisions(domain.name)
    emitter = Emitter(store, decider, tell, now)
    hub.drains = Drains(store.inbox, emitter, tell, now)
    return Engine(
        domain=domain,
        wire=Wire(domain),
        store=store,
        tell=tell,
        intake=Intake(store, decider, tell, now),
        emitter=emitter,
        drains=hub.drains,
        hand_over=HandOver(tell),
        hub_of=lambda _: hub,
    )


@dataclass(frozen=True)
class Service:
    """Everything behind the routes of one domain."""

    domain: AnyDomain
    store: Store
    hub: MemoryHub
    engine: Engine
    writing: Writing
    reading: Reading
    stories: Stories

    async def post(self, body: Any, **headers: str) -> func.HttpResponse:
        return await self.writing.post(request("POST", body=body, headers=headers), None)

    async def put(
        self, key: object, request_id: str, body: Any, **headers: str
    ) -> func.HttpResponse:
        route = {self.domain.key.name: str(key), self.domain.request_id: request_id}
        req = request("PUT", body=body, headers=headers, route=route)
        return await self.writing.put(req, None)

    async def batch(self, body: Any, **headers: str) -> func.HttpResponse:
        return await self.writing.post_batch(request("POST", body=body, headers=headers), None)

    async def get(
        self, call: str, query: Mapping[str, str] | None = None, **route: object
    ) -> func.HttpResponse:
        texts = {name: str(value) for name, value in route.items()}
        return await guarded(getattr(self.reading, call), request("GET", query=query, route=texts))

    async def look(self, call: str, **route: object) -> func.HttpResponse:
        texts = {name: str(value) for name, value in route.items()}
        asked = partial(getattr(self.stories, call), client=None)
        return await guarded(asked, request("GET", route=texts))

    async def is_empty(self, *keys: object) -> bool:
        """Whether nothing at all is stored for these keys."""
        for key in map(str, keys):
            if await self.store.inbox.count(key, 1) or await self.store.log.read(key, 0, 1):
                return False
        far = datetime.max.replace(tzinfo=UTC)
        return not [each async for each in self.store.inbox.overdue(far)]


@asynccontextmanager
async def over(domain: AnyDomain, store: Store) -> AsyncIterator[Service]:
    """Serve a domain from a store, which is closed in the end."""
    hub = MemoryHub()
    engine = engine_of(domain, store, hub)
    try:
        stories = Stories(engine, places_to_look())
        yield Service(domain, store, hub, engine, Writing(engine), Reading(engine), stories)
        await hub.idle()
    finally:
        await store.close()


@asynccontextmanager
async def opened(domain: AnyDomain, folder: Path) -> AsyncIterator[Service]:
    """Serve a domain from an empty store in a folder."""
    store = open_store(f"sqlite:{folder / 'store.db'}", domain.plural, {})
    async with over(domain, store) as service:
        yield service


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
        params={name: value for name, value in (query or {}).items() if value},
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
