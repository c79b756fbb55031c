"""Durable clients over the worker's stream instead of HTTP (docs/decisions/0022-two-processes.md).

The SDK builds the requests and reads the answers, as on Azure; what it takes for an
`aiohttp.ClientSession` carries them.
"""

import asyncio
import importlib
import itertools
import json as json_
import os
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from typing_extensions import override
from yarl import URL

from localhost.rpc.messages import HubRequest, HubResponse
from localhost.rpc.stream import Stream

SETTING: Final = "LOCALHOST_DURABLE_CLIENT"
"""`http` makes the calls over the loopback port, as on Azure."""
SDK: Final = "azure.durable_functions"
HTTP_UTILS: Final = "azure.durable_functions.models.utils.http_utils"
GRPC: Final = "durabletask"
CALLS_MAX: Final = 30
"""At a time: the connections that the SDK allows itself."""
SECONDS_MAX: Final = 240.0
"""One call, as the SDK has it; up to twice as long when there are others."""


class HubCalls:
    """Calls of this process that the host has not answered yet."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._answers: dict[int, asyncio.Future[HubResponse]] = {}
        self._numbers = itertools.count()
        self._places = asyncio.Semaphore(CALLS_MAX)
        self._loop = asyncio.get_running_loop()
        self._sweep: asyncio.TimerHandle | None = None

    def received(self, answer: HubResponse) -> None:
        """Take an answer of the host."""
        waiting = self._answers.pop(answer.call_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> HubResponse:
        """Have the host answer a request. Raises TimeoutError."""
        address = URL(url)
        sent = {"Host": address.authority, **headers}
        async with self._places:
            number = next(self._numbers)
            waiting = self._answers[number] = self._loop.create_future()
            self._stream.send(HubRequest(number, method, address.raw_path_qs, sent, body))
            if self._sweep is None:
                self._sweep = self._loop.call_later(SECONDS_MAX, self._end_late, number)
            try:
                answer: HubResponse = await waiting
            finally:
                self._answers.pop(number, None)
        return answer

    def _end_late(self, last: int) -> None:
        """End the calls up to this one; one timer for all, as each would cost more than a call."""
        self._sweep = None
        for number, waiting in self._answers.items():
            if number <= last and not waiting.done():
                waiting.set_exception(TimeoutError())
        if self._answers:
            newest = next(reversed(self._answers))
            self._sweep = self._loop.call_later(SECONDS_MAX, self._end_late, newest)


class StreamSession:
    """What the SDK uses of an `aiohttp.ClientSession`; it must not be closed."""

    closed: Final = False

    def __init__(self, calls: HubCalls) -> None:
        self._calls = calls

    def get(self, url: str, headers: Mapping[str, str]) -> "_Call":
        """Return a request to be entered."""
        return _Call(self._calls, "GET", url, headers)

    def delete(self, url: str, headers: Mapping[str, str]) -> "_Call":
        """Return a request to be entered."""
        return _Call(self._calls, "DELETE", url, headers)

    def post(self, url: str, json: Any, headers: Mapping[str, str]) -> "_Call":
        """Return a request to be entered; None is no body, as with aiohttp."""
        if json is None:
            return _Call(self._calls, "POST", url, headers)
        typed = {"Content-Type": "application/json", **headers}
        return _Call(self._calls, "POST", url, typed, json_.dumps(json).encode())

    async def close(self) -> None:
        """Stay: the SDK closes its session after a call that was too slow."""


class _Call(AbstractAsyncContextManager["_Answer"]):
    """A request; it is sent when it is entered."""

    def __init__(
        self, calls: HubCalls, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> None:
        self._asked = (method, url, headers, body)
        self._calls = calls

    @override
    async def __aenter__(self) -> "_Answer":
        return _Answer(await self._calls.ask(*self._asked))

    @override
    async def __aexit__(self, *_: object) -> None:
        pass


class _Answer:
    """An answer that has arrived as a whole."""

    def __init__(self, answer: HubResponse) -> None:
        self.status = answer.status
        self._body = answer.body

    async def json(self, content_type: None) -> Any:  # noqa: ARG002 - any, as the SDK says
        """Return the body; None when there is none."""
        return json_.loads(self._body) if self._body.strip() else None


def use_stream(calls: HubCalls) -> None:
    """Give the SDK its session, when the app has loaded the SDK."""
    if SDK not in sys.modules or os.environ.get(SETTING) == "http":
        return
    if GRPC in sys.modules:  # of SDK 2.x, whose clients make their calls over gRPC
        return
    utils: Any = importlib.import_module(HTTP_UTILS)
    utils._client_session = StreamSession(calls)  # noqa: SLF001 - where the SDK keeps it
