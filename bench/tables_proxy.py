"""A proxy in front of the tables: counts what is asked for, and makes some of it slow.

It runs in a thread of its own, and knows of HTTP that a request has a head and a body of
Content-Length, and that the next one follows its answer: as the clients of `store.tables` do.
"""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

ACCOUNT: Final = "devstoreaccount1"

ROW_SECONDS: Final = 0.010
TRANSACTION_SECONDS: Final = 0.025
"""What Table Storage takes in a region, about."""

HANGS: Final = 3_600.0

_TABLE: Final = re.compile(rb"%s/(\w+)" % ACCOUNT.encode())
_PARTITION: Final = re.compile(
    rb"PartitionKey(?:='|=%27|\" ?: ?\"|(?:%20|\+| )eq(?:%20|\+| )(?:'|%27))([^'\"%]+)"
)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LOST: Final = (b"UpdateConditionNotSatisfied", b"ConditionNotMet", b"EntityAlreadyExists")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as far as its text says."""

    method: str
    """`BATCH` for a transaction."""
    table: str
    partition: str

    @property
    def is_write(self) -> bool:
        """Whether it changes rows."""
        return self.method != "GET"


Delay = Callable[[Call], float]
"""Seconds for which a request does not get to the tables."""


def at_once(_: Call) -> float:
    """Count only."""
    return 0.0


def as_in_a_region(call: Call) -> float:
    """Take the time of the real service."""
    return TRANSACTION_SECONDS if call.method == "BATCH" else ROW_SECONDS


@dataclass(slots=True)
class TablesProxy:
    """To a port of 127.0.0.1; `delay` may be replaced at any time."""

    target_port: int
    delay: Delay = at_once
    calls: Counter[Call] = field(default_factory=Counter)
    lost: Counter[Call] = field(default_factory=Counter)
    """Writes that did not fit what was there."""
    port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Serve."""
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4_096), self._loop
        ).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        """Cut all connections."""
        asyncio.run_coroutine_threadsafe(_end_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join(10)

    def connection_string(self, text: str) -> str:
        """Return the connection string of the emulator with this address for its tables."""
        return re.sub(r"(TableEndpoint=http://127\.0\.0\.1:)\d+", rf"\g<1>{self.port}", text)

    def count(self, table: str = "", *, lost: bool = False) -> int:
        """Return how many requests went to the tables, or to one of them."""
        counted = self.lost if lost else self.calls
        return sum(n for call, n in list(counted.items()) if table in ("", call.table))

    def reset(self) -> None:
        """Count from 0."""
        self.calls.clear()
        self.lost.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self.target_port)
        asked: list[Call] = []
        back = asyncio.create_task(self._answers(there[0], writer, asked))
        # Of a cancelled handler of a connection, Python 3.11 prints a traceback.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                request = await _request(reader)
                asked[:] = [_call_of(request)]
                self.calls[asked[0]] += 1
                if seconds := self.delay(asked[0]):
                    await asyncio.sleep(seconds)
                there[1].write(request)
                await there[1].drain()
        back.cancel()
        for each in (there[1], writer):
            each.close()

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[Call]
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                if asked and asked[0].is_write and any(each in data for each in _LOST):
                    self.lost[asked[0]] += 1
                writer.write(data)
                await writer.drain()
        writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def _call_of(request: bytes) -> Call:
    line, _, rest = request.partition(b"\r\n")
    method = line.partition(b" ")[0].decode()
    if b"/$batch" in line or b"/%24batch" in line:
        method, line = "BATCH", rest.partition(b"\r\n\r\n")[2]
        line = next((e for e in rest.split(b"\r\n") if b" HTTP/1.1" in e), line)
    table, partition = _TABLE.search(line), _PARTITION.search(request)
    return Call(
        method, table[1].decode() if table else "", partition[1].decode() if partition else ""
    )


async def _end_all() -> None:
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
