"""Frames between host and worker."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from localhost.rpc.messages import HubResponse, InvocationCancel, ToWorker
from localhost.rpc.stream import HEAD, PIECE_BYTES, Stream


async def connect(
    received: Callable[[Any], None], closed: Callable[[], None]
) -> tuple[Stream, Stream]:
    loop = asyncio.get_running_loop()
    one, other = (Stream(ToWorker, received, closed) for _ in range(2))
    near, far = socket.socketpair()
    await loop.create_unix_connection(lambda: one, sock=near)
    await loop.create_unix_connection(lambda: other, sock=far)
    return one, other


async def end(*streams: Stream) -> None:
    for each in streams:
        each.close()
    await asyncio.sleep(0.01)


async def test_messages_of_one_turn_and_the_next_keep_order() -> None:
    received: list[Any] = []
    ended = asyncio.Event()
    ours, _ = await connect(received.append, ended.set)
    for number in range(100):
        ours.send(InvocationCancel(str(number)))
        if number % 10 == 0:
            await asyncio.sleep(0)
        if number % 15 == 0:
            ours.flush()
    ours.close()
    await ended.wait()
    assert [message.invocation_id for message in received] == [str(n) for n in range(100)]


async def test_flushed_message_needs_no_turn_of_the_loop() -> None:
    near, far = socket.socketpair()
    stream = Stream(ToWorker, print, print)
    await asyncio.get_running_loop().create_unix_connection(lambda: stream, sock=near)
    far.settimeout(5)
    stream.send(InvocationCancel("1"))
    stream.flush()
    assert far.recv(1_000).endswith(b"1")
    stream.close()
    far.close()


async def test_small_message_overtakes_long_one() -> None:
    received = asyncio.Queue[Any]()
    ours, other = await connect(received.put_nowait, asyncio.Event().set)
    ours.send(HubResponse(1, 200, bytes(8_000_000)))
    ours.send(HubResponse(2, 200, b"{}"))
    ours.send(HubResponse(3, 200, bytes(100_000)))
    await asyncio.sleep(0)
    ours.send(HubResponse(4, 200, b"{}"))
    ours.close()
    seen = [await received.get() for _ in range(4)]
    assert [each.call_id for each in seen] == [2, 4, 3, 1]
    assert [len(each.body) for each in seen] == [2, 2, 100_000, 8_000_000]
    await end(ours, other)


async def test_messages_about_one_invocation_keep_order() -> None:
    received = asyncio.Queue[Any]()
    ours, other = await connect(received.put_nowait, asyncio.Event().set)
    for number, size in enumerate((200_000, 1, 300_000, 1, 1)):
        ours.send(HubResponse(number, 200, bytes(size)), about="one")
    ours.send(HubResponse(9, 200, b""), about="other")
    await asyncio.sleep(0)
    ours.send(HubResponse(5, 200, b""), about="one")
    seen = [await received.get() for _ in range(7)]
    assert [each.call_id for each in seen] == [9, 0, 1, 2, 3, 4, 5]
    await end(ours, other)


async def test_other_end_that_does_not_read_gets_one_piece_at_a_time() -> None:
    near, far = socket.socketpair()
    stream = Stream(ToWorker, print, print)
    transport, _ = await asyncio.get_running_loop().create_unix_connection(
        lambda: stream, sock=near
    )
    stream.send(HubResponse(1, 200, bytes(8_000_000)))
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert transport.get_write_buffer_size() <= PIECE_BYTES + HEAD.size
    transport.abort()
    far.close()
    await asyncio.sleep(0)


class Closed(asyncio.Transport):
    """What is left of a connection whose other end was killed, as uvloop has it."""

    def is_closing(self) -> bool:
        return True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def write(self, _: Any) -> None:
        raise RuntimeError("the handler is closed")


async def test_message_to_a_process_that_is_gone_is_dropped() -> None:
    stream = Stream(ToWorker, print, print)
    stream.connection_made(Closed())
    stream.send(InvocationCancel("1"))
    stream.flush()
    stream.send(HubResponse(1, 200, bytes(8_000_000)))
    stream.send(InvocationCancel("2"))
    stream._flush_turn()
