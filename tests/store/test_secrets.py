"""Keys and signatures of connections are in no line, no error and no answer, however calls fail."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from publishing.events import Event
from publishing.open import open_producer
from publishing.producer import NotSent
from store.open import open_store
from store.ports.records import StoreError
from store.ports.store import Store
from tests.domain_under_test import KEY
from tests.engine.parts import now, request

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
SECRETS = (SECRET, SECRET.rstrip("="), "secret-secret-secret")

FORBIDDEN = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b'x-ms-error-code: AuthenticationFailed\r\nContent-Length: 42\r\n\r\n{"odata.error":{"code":"Authentication"}}\n'
)
ANSWERS = {"refuses": FORBIDDEN, "says nonsense": b"nonsense\r\n\r\n", "hangs up": b""}

CONNECTIONS = {
    "key": f"AccountName=a;AccountKey={SECRET};TableEndpoint=http://127.0.0.1:PORT/a",
    "signature": f"TableEndpoint=http://127.0.0.1:PORT/a;SharedAccessSignature=sv=1&sig={SECRET}",
}

Call = Callable[[Store], Awaitable[object]]
CALLS: dict[str, Call] = {
    "put": lambda store: store.inbox.put([request("a")], now()),
    "find": lambda store: store.log.find(KEY, ["a"]),
    "head": lambda store: store.log.head(KEY),
    "check": lambda store: store.check(),
    "sweep": lambda store: store.note_sweep(now()),
}


@pytest.fixture(params=ANSWERS)
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """Of a server that answers everything in one bad way."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(ANSWERS[request.param])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


def told(caplog: pytest.LogCaptureFixture, errors: list[BaseException], says: object) -> str:
    """Return all that anybody could read."""
    lines = [logging.Formatter().format(each) for each in caplog.records]
    shown = ["".join(traceback.format_exception(each)) + repr(each) for each in errors]
    return "\n".join([*lines, *shown, str(says)])


@pytest.mark.parametrize("connection", CONNECTIONS)
async def test_failing_store_tells_no_secret(
    connection: str, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = {"EO_TABLES": CONNECTIONS[connection].replace("PORT", str(port))}
    store = open_store("tables", "todos", settings)
    errors: list[BaseException] = []
    says: dict[str, object] = {}
    for name, call in CALLS.items():
        try:
            says[name] = await call(store)
        except StoreError as error:
            errors.append(error)
    await store.close()
    assert errors
    assert says["check"]
    text = told(caplog, errors, says)
    assert not [each for each in SECRETS if each in text], text


async def test_failing_event_hub_tells_no_secret(
    unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = f"Endpoint=sb://127.0.0.1:{unused_tcp_port};SharedAccessKeyName=a;SharedAccessKey={SECRET};UseDevelopmentEmulator=true;"
    producer = open_producer("entries", {"EventHubs": text})
    with pytest.raises(NotSent) as failure:
        await producer.send(KEY, [Event(b"{}", {})])
    await producer.close()
    seen = told(caplog, [failure.value], producer)
    assert not [each for each in SECRETS if each in seen], seen
