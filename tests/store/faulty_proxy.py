"""A TCP proxy in front of a store that loses requests, loses answers, or answers by itself.

It knows of HTTP only that a client sends a request and then waits for the answer to it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request."""

    forward: bool = True
    """Whether the store gets to see it."""
    answer: bytes | None = None
    """What the client gets instead of the store's answer, before its connection is closed."""
    keep_bytes: int | None = None
    """How much of the store's answer the client gets; all of it when None."""
    silent: bool = False
    """Leave the connection open, and the client waiting."""


PASS = Fault()
LOSE_REQUEST = Fault(forward=False, answer=b"")
LOSE_ANSWER = Fault(keep_bytes=0)
CUT_ANSWER = Fault(keep_bytes=300)
NEVER_ANSWER = Fault(keep_bytes=0, silent=True)


def answering(status: str, body: bytes = b"", content_type: str = "application/json") -> Fault:
    """Answer for the store, which never sees the request."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return Fault(forward=False, answer=head.encode() + body)


def refusing(status: str, code: str) -> Fault:
    """Answer with an error of Table Storage."""
    error = '{"odata.error":{"code":"%s","message":{"lang":"en-US","value":"Because."}}}'
    return answering(status, (error % code).encode())


@dataclass(slots=True)
class FaultyProxy:
    """`faults` are used up request by request; those that follow get `otherwise`."""

    target_port: int
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    """The beginnings of those that came in."""
    faults: deque[Fault] = field(default_factory=deque)
    otherwise: Fault = PASS
    only: bytes = b""
    """Faults are for requests with this at their beginning; the others pass."""

    def fault_of(self, request: bytes) -> Fault:
        self.requests.append(request)
        if self.only not in request[:2_000]:
            return PASS
        return self.faults.popleft() if self.faults else self.otherwise

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        store_reader, store_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        connection = _Connection(self, writer, store_writer)
        pumps = [
            asyncio.create_task(_pump(reader, connection.from_client)),
            asyncio.create_task(_pump(store_reader, connection.from_store)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
            for each in writer, store_writer:
                each.close()
                with suppress(OSError):
                    await each.wait_closed()


@dataclass(slots=True)
class _Connection:
    proxy: FaultyProxy
    client: asyncio.StreamWriter
    store: asyncio.StreamWriter
    fault: Fault = PASS
    answered: bool = True

    def from_client(self, data: bytes) -> bool:
        if self.answered:
            self.fault, self.answered = self.proxy.fault_of(data), False
        if self.fault.forward:
            self.store.write(data)
        if self.fault.answer is not None:
            self.client.write(self.fault.answer)
            return False
        return True

    def from_store(self, data: bytes) -> bool:
        self.answered = True
        if self.fault.keep_bytes is None:
            self.client.write(data)
            return True
        self.client.write(data[: self.fault.keep_bytes])
        return self.fault.silent


async def _pump(reader: asyncio.StreamReader, take: Callable[[bytes], bool]) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 20):
            if not take(data):
                return


@asynccontextmanager
async def faulty_proxy(target_port: int) -> AsyncIterator[FaultyProxy]:
    """Run a proxy to a port of 127.0.0.1."""
    proxy = FaultyProxy(target_port)
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        connections[task] = writer
        task.add_done_callback(connections.pop)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for writer in connections.values():
            writer.transport.abort()  # which ends the task
        await asyncio.gather(*connections)
        await server.wait_closed()
