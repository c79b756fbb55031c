"""The HTTP contract as a client of any domain speaks it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from domain.domain import AnyDomain
from domain.request import Request

ATTEMPTS_MAX: Final = 50
"""How often one request is sent before the run is given up: an answer may say "later"."""

LATER: Final = frozenset({202, 429, 500, 503})

PAGE: Final = 1_000

CREATED, ACCEPTED = 201, 202


@dataclass(frozen=True, slots=True)
class Told:
    """The final answer to a request: an entry, or the refusal that stands in the log."""

    place: int
    body: Any


class Client:
    """Calls of one domain. Not more than one attempt unless said."""

    def __init__(self, session: aiohttp.ClientSession, domain: AnyDomain) -> None:
        """Send through `session`, which knows the address."""
        self.session = session
        self.domain = domain

    async def post(
        self, request: Request, *, wait: int = 30, made_key: bool = False
    ) -> tuple[int, Any]:
        """Ask once; return status and JSON. With `made_key` the service makes the request id."""
        key = {} if made_key else {"Idempotency-Key": request.id}
        headers = {"Content-Type": "application/json", "Prefer": f"wait={wait}", **key}
        body = json.dumps(self._body(request)).encode()
        path = f"/api/{self.domain.plural}"
        async with self.session.post(path, data=body, headers=headers) as answer:
            text = await answer.read()
            return answer.status, json.loads(text or b"null")

    async def ask(self, request: Request, *, made_key: bool = False) -> Told:
        """Ask until there is a final answer. Raises RuntimeError."""
        for _ in range(ATTEMPTS_MAX):
            status, body = await self.post(request, made_key=made_key)
            if status not in LATER and self.domain.place in body:
                return Told(body[self.domain.place], body)
            if status not in LATER:
                raise RuntimeError(f"{status} {body}")
        raise RuntimeError(f"{request} has no place after {ATTEMPTS_MAX} attempts")

    async def batch(self, items: Sequence[Request]) -> int:
        """Send a batch once; return the status. Raises RuntimeError when an item is not taken."""
        body = json.dumps([self._item(each) for each in items]).encode()
        headers = {"Content-Type": "application/json"}
        path = f"/api/{self.domain.plural}/batch"
        async with self.session.post(path, data=body, headers=headers) as answer:
            text = await answer.read()
            if answer.status == ACCEPTED:
                taken = {each["status"] for each in json.loads(text)["results"]}
                if "not-accepted" in taken or "invalid" in taken:
                    raise RuntimeError(f"items were answered {sorted(taken)}")
            return answer.status

    async def send_events(self, hub: str, items: Sequence[Request]) -> int:
        """Send requests as events of a hub of `localhost`; return the status."""
        body = json.dumps([self._event(each) for each in items]).encode()
        headers = {"Content-Type": "application/vnd.microsoft.servicebus.json"}
        async with self.session.post(f"/{hub}/messages", data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def run_timer(self, name: str) -> None:
        """Have a timer of the app run now, besides its schedule."""
        path, headers = f"/admin/functions/{name}", {"Content-Type": "application/json"}
        body = json.dumps({"input": ""})
        async with self.session.post(path, data=body, headers=headers) as answer:
            assert answer.ok, answer.status

    async def last(self, key: str) -> int:
        """Return the last place of a key."""
        async with self.session.get(f"/api/{self.domain.key.plural}/{key}") as answer:
            answer.raise_for_status()
            return int((await answer.json())["last"])

    async def log(self, key: str) -> list[dict[str, Any]]:
        """Return all that the log of a key shows."""
        rows: list[dict[str, Any]] = []
        while True:
            path = f"/api/{self.domain.key.plural}/{key}/{self.domain.plural}"
            query = f"?after={len(rows)}&limit={PAGE}"
            async with self.session.get(path + query) as answer:
                answer.raise_for_status()
                page = (await answer.json())[self.domain.plural]
            rows += page
            if len(page) < PAGE:
                return rows

    def _body(self, request: Request) -> dict[str, Any]:
        key = self.domain.key
        return {key.name: key.value(request.key), **json.loads(request.payload)}

    def _item(self, request: Request) -> dict[str, Any]:
        return {**self._body(request), self.domain.request_id: request.id}

    def _event(self, request: Request) -> dict[str, Any]:
        return {
            "Body": json.dumps(self._body(request)),
            "BrokerProperties": {"PartitionKey": request.key},
            "UserProperties": {self.domain.request_id: request.id},
        }


@asynccontextmanager
async def connected(base_url: str, domain: AnyDomain) -> AsyncIterator[Client]:
    """Yield a client without a limit on connections or time of its own."""
    async with aiohttp.ClientSession(
        base_url,
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield Client(session, domain)


async def all_ended(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel what is still under way, and wait for it."""
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
