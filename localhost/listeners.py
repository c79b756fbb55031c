"""The two sockets of the host: the public one and the one of the durable client's HTTP API."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import Final

from localhost.errors import StartError
from localhost.http_server import Handler, HttpServer

RPC_HOST: Final = "127.0.0.1"
RPC_PORT: Final = 17071
RPC_PORTS_ELSE: Final = range(30_000, 31_001)
BACKLOG: Final = 1024
FINISH_SECONDS: Final = 30.0
"""How long requests under way may take to finish when the host stops (host-protocol 7.10)."""
BODY_BYTES_DEFAULT: Final = 104_857_600
"""What the real host accepts, unless FUNCTIONS_REQUEST_BODY_SIZE_LIMIT says otherwise."""


_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_EVERYWHERE: Final = _LOOPBACK | {"0.0.0.0", "::"}  # noqa: S104


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address that is listened on."""
    return host in _LOOPBACK


def bind_public(host: str, port: int) -> socket.socket:
    """Bind the port that users see; 0 takes a free one. Raises StartError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"port {port} is in use on {host}; choose another with --port"
            ) from error
        raise StartError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


def bind_rpc() -> socket.socket:
    """Bind the loopback port of the durable HTTP API: 17071, else a free one as the real host."""
    elsewhere = SystemRandom().sample(RPC_PORTS_ELSE, len(RPC_PORTS_ELSE))
    for port in (RPC_PORT, *elsewhere):
        try:
            return socket.create_server((RPC_HOST, port), backlog=BACKLOG)
        except OSError:
            continue
    raise StartError(f"no port is free for the durable HTTP API on {RPC_HOST}")


@asynccontextmanager
async def listening(
    door: socket.socket, handler: Handler, body_bytes_max: int = BODY_BYTES_DEFAULT
) -> AsyncIterator[None]:
    """Answer requests on a socket; at the end let those under way finish, but not for long."""
    server = HttpServer(handler, body_bytes_max)
    loop = asyncio.get_running_loop()
    acceptor = await loop.create_server(server, sock=door, backlog=BACKLOG)
    try:
        yield
    finally:
        acceptor.close()
        await server.shutdown(FINISH_SECONDS)


def rpc_address_of(door: socket.socket) -> str:
    """Return the address of the durable HTTP API."""
    return f"http://{RPC_HOST}:{door.getsockname()[1]}"


def base_url_of(host: str, door: socket.socket) -> str:
    """Return the address under which a browser on this machine reaches the public port."""
    name = "localhost" if host in _EVERYWHERE else host
    return f"http://{f'[{name}]' if ':' in name else name}:{door.getsockname()[1]}"
