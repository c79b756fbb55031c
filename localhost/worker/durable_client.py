"""Durable clients over the worker's stream instead of HTTP (docs/decisions/0022-two-processes.md).

The SDK's own `aiohttp.ClientSession` builds the requests and reads the answers; a middleware of
that session carries them, so that everything above the connection is what runs on Azure.
"""

import asyncio
import importlib
import itertools
import os
import sys
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from localhost.rpc.messages import HubRequest, HubResponse
from localhost.rpc.stream import Stream

SETTING: Final = "LOCALHOST_DURABLE_CLIENT"
"""`http` makes the calls over the loopback port, as on Azure."""
SDK: Final = "azure.durable_functions"
HTTP_UTILS: Final = "azure.durable_functions.models.utils.http_utils"
CALLS_MAX: Final = 30
"""At a time: the connections that the SDK allows itself."""
SECONDS_MAX: Final = 240
"""One call, as the SDK has it."""
JSON: Final = "application/json; charset=utf-8"


class HubCalls:
    """Calls of this process that the host has not answered yet."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._answers: dict[int, asyncio.Future[HubResponse]] = {}
        self._numbers = itertools.count()
        self._places = asyncio.Semaphore(CALLS_MAX)

    def received(self, answer: HubResponse) -> None:
        """Take an answer of the host."""
        waiting = self._answers.pop(answer.call_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def carry(self, request: aiohttp.ClientRequest, _: Any) -> aiohttp.ClientResponse:
        """Have the host answer a request: the middleware of the SDK's session."""
        body = request.body if isinstance(request.body, bytes) else await request.body.as_bytes()
        call_id, loop = next(self._numbers), asyncio.get_running_loop()
        async with self._places:
            waiting = self._answers[call_id] = loop.create_future()
            self._stream.send(
                HubRequest(
                    call_id, request.method, request.url.raw_path_qs, dict(request.headers), body
                )
            )
            try:
                answer = await waiting
            finally:
                self._answers.pop(call_id, None)
        return _Response(request, answer, loop)


class _Response(aiohttp.ClientResponse):
    """An answer that has arrived as a whole."""

    def __init__(
        self,
        request: aiohttp.ClientRequest,
        answer: HubResponse,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        nothing: Any = None
        super().__init__(
            request.method,
            request.url,
            writer=None,
            continue100=None,
            timer=nothing,
            request_info=request.request_info,
            traces=[],
            loop=loop,
            session=nothing,
            stream_writer=SimpleNamespace(output_size=len(answer.body)),  # type: ignore[arg-type]
        )
        self.status = answer.status
        self._headers = CIMultiDictProxy(CIMultiDict({"Content-Type": JSON}))
        self._body = answer.body


def use_stream(calls: HubCalls) -> None:
    """Give the SDK its session, when the app has loaded the SDK."""
    if SDK not in sys.modules or os.environ.get(SETTING) == "http":
        return
    utils: Any = importlib.import_module(HTTP_UTILS)
    utils._client_session = aiohttp.ClientSession(  # noqa: SLF001 - where the SDK keeps it
        timeout=aiohttp.ClientTimeout(total=SECONDS_MAX), middlewares=(calls.carry,)
    )
