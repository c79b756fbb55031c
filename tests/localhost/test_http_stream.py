"""Bytes in and out of a connection: split, sent ahead, too late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from localhost import http_server, http_stream
from localhost.http_server import Request
from localhost.listeners import bind_public, listening

ORDINARY = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"


async def echo(request: Request) -> web.Response:
    await asyncio.sleep(0)
    return web.Response(text=request.raw_path)


async def echo_body(request: Request) -> web.Response:
    return web.Response(body=await request.read())


@asynccontextmanager
async def connected(
    handler: http_server.Handler = echo,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    door = bind_public("127.0.0.1", 0)
    async with listening(door, handler):
        reader, writer = await asyncio.open_connection(*door.getsockname())
        yield reader, writer
        writer.close()


async def body_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    return await reader.readexactly(int(length.partition(b":")[2]))


async def test_requests_sent_ahead_are_answered_in_order() -> None:
    async with connected() as (reader, writer):
        writer.write(b"".join(ORDINARY % number for number in range(50)))
        bodies = [await body_of(reader) for _ in range(50)]
    assert bodies == [b"/%d" % number for number in range(50)]


async def test_head_that_comes_byte_by_byte_is_answered() -> None:
    async with connected() as (reader, writer):
        for byte in ORDINARY % 7:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert await body_of(reader) == b"/7"


async def test_body_above_what_is_read_ahead_arrives_whole() -> None:
    body = bytes(range(256)) * (http_stream.READ_AHEAD_BYTES // 64)

    async def late(request: Request) -> web.Response:
        await asyncio.sleep(0.05)  # so that reading is held back meanwhile
        return await echo_body(request)

    async with connected(late) as (reader, writer):
        for _ in range(2):
            writer.write(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)
            assert await body_of(reader) == body


async def test_answer_to_a_slow_reader_is_sent_whole() -> None:
    body = b"a" * 8_000_000

    async def large(_: Request) -> web.Response:
        return web.Response(body=body)

    async with connected(large) as (reader, writer):
        writer.write(ORDINARY % 1)
        await asyncio.sleep(0.1)
        assert await body_of(reader) == body
        writer.write(ORDINARY % 2)
        assert await body_of(reader) == body


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHo", b"HTTP/1.1 408"),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nshort", b""),
    ],
)
async def test_client_that_stalls_is_cut_off(
    sent: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_stream, "SWEEP_SECONDS", 0.02)
    for name in ("IDLE_SECONDS_MAX", "HEAD_SECONDS_MAX", "BODY_GRACE_SECONDS"):
        monkeypatch.setattr(http_server, name, 0.1)
    async with connected(echo_body) as (reader, writer):
        writer.write(sent)
        got = await asyncio.wait_for(reader.read(), 20)
    assert got[: len(answer)] == answer
    assert bool(got) == bool(answer)


async def test_client_that_stops_sending_gets_no_answer() -> None:
    async with connected() as (reader, writer):
        writer.write(ORDINARY % 1)
        writer.write_eof()
        assert await reader.read() == b""
