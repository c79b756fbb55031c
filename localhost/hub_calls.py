"""Calls of durable clients that come over a worker's stream: the same API, without HTTP."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from multidict import CIMultiDict

from localhost.http_head import Head
from localhost.http_server import Handler, Request
from localhost.rpc.messages import HubRequest, HubResponse


class _Body:
    """A body that is there, where a request expects a connection."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read_body(self, _: int | None) -> bytes:
        return self._body


def hub_of(handler: Handler) -> Callable[[HubRequest], Awaitable[HubResponse]]:
    """Return what answers such calls; `handler` answers requests of the loopback port."""

    async def answer(call: HubRequest) -> HubResponse:
        length = len(call.body)
        headers = CIMultiDict(call.headers)
        head = Head(call.method, call.target, "1.1", headers, length, is_chunked=False)
        body: Any = _Body(call.body)
        try:
            response = await handler(Request(head, body))
        except Exception:  # noqa: BLE001 - as an HTTP server does
            return HubResponse(call.call_id, HTTPStatus.INTERNAL_SERVER_ERROR, b"")
        content = getattr(response, "body", None) or b""
        return HubResponse(call.call_id, response.status, content)

    return answer
