"""The answers to requests that went well, and the addresses in them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import azure.functions as func

from domain.domain import AnyDomain
from domain.wire import Wire
from store.ports.records import Entry

ROOT: Final = "/api"
"""The route prefix; `extensions.http.routePrefix` of host.json leaves it at its default."""

RETRY_AFTER_SECONDS: Final = "1"

MEDIA_TYPE: Final = "application/json"

# UTF-8 as it is: shorter, and readable in a terminal. Texts hold nothing that UTF-8 cannot.
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one domain."""

    domain: AnyDomain
    wire: Wire

    def created(self, key: str, entry: Entry, headers: Mapping[str, str]) -> func.HttpResponse:
        """201: it is in the log."""
        location = self.entry_address(key, entry.place)
        return respond(201, self.wire.answer(key, entry), {"Location": location, **headers})

    def waiting(
        self, key: str, request_id: str, headers: Mapping[str, str] | None = None
    ) -> func.HttpResponse:
        """202: it is in the inbox; ask again at `Location`."""
        located = {"Location": self.request_address(key, request_id)}
        pause = {"Retry-After": RETRY_AFTER_SECONDS, "Cache-Control": "no-store"}
        return respond(202, self.accepted(key, request_id), {**located, **pause, **(headers or {})})

    def accepted(self, key: str, request_id: str) -> dict[str, Any]:
        """Say in JSON that a request was accepted."""
        return {"status": "accepted", **self.named(key, request_id)}

    def named(self, key: str, request_id: str) -> dict[str, Any]:
        """Name a request in JSON."""
        value = self.wire.key_value(key)
        return {self.domain.key.name: value, self.domain.request_id: request_id}

    def page(self, key: str, entries: Sequence[Entry], limit: int) -> func.HttpResponse:
        """200: some entries, and where to read on as long as pages are full."""
        full = len(entries) == limit
        following = self._page_address(key, entries[-1].place, limit) if full else None
        shown = [self.wire.shown(key, each) for each in entries]
        return ok({self.domain.plural: shown, "next": following})

    def entry_address(self, key: str, place: int) -> str:
        """Where an entry is."""
        return f"{self._key_address(key)}/{self.domain.plural}/{place}"

    def request_address(self, key: str, request_id: str) -> str:
        """Where to ask for a request: its id, percent-encoded like any segment."""
        return f"{self._key_address(key)}/requests/{quote(request_id, safe='')}"

    def _page_address(self, key: str, after: int, limit: int) -> str:
        return f"{self._key_address(key)}/{self.domain.plural}?after={after}&limit={limit}"

    def _key_address(self, key: str) -> str:
        return f"{ROOT}/{self.domain.key.plural}/{quote(key, safe='')}"


def ok(body: Any, cache_control: str = "no-store") -> func.HttpResponse:
    """200."""
    return respond(200, body, {"Cache-Control": cache_control})


def respond(status: int, body: Any, headers: Mapping[str, str]) -> func.HttpResponse:
    """Answer with JSON."""
    return func.HttpResponse(
        _encode(body), status_code=status, mimetype=MEDIA_TYPE, headers=dict(headers)
    )
