"""Frames between host and worker."""

import asyncio
import socket
from typing import Any

from localhost.rpc.messages import InvocationCancel, ToWorker
from localhost.rpc.stream import Stream


async def connect(received: list[Any], ended: asyncio.Event) -> tuple[Stream, Stream]:
    loop = asyncio.get_running_loop()
    one, other = (Stream(ToWorker, received.append, ended.set) for _ in range(2))
    near, far = socket.socketpair()
    await loop.create_unix_connection(lambda: one, sock=near)
    await loop.create_unix_connection(lambda: other, sock=far)
    return one, other


async def test_messages_of_one_turn_and_the_next_keep_order() -> None:
    received: list[Any] = []
    ended = asyncio.Event()
    ours, _ = await connect(received, ended)
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
