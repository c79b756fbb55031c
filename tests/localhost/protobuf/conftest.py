"""A hub that speaks protobuf, functions of SDK 2.x, and its client over gRPC."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.localhost.protobuf.functions import Functions
from tests.localhost.protobuf.grpc_host import GrpcHost, Open


@pytest.fixture
def app() -> Iterator[Functions]:
    app = Functions()
    yield app
    app.close()


@pytest.fixture
async def open_hub(tmp_path: Path, app: Functions) -> AsyncIterator[Open]:
    async with AsyncExitStack() as hosts:

        async def open_() -> GrpcHost:
            host = GrpcHost(tmp_path / "hub.db", app)
            await host.start()
            hosts.push_async_callback(host.stop)
            return host

        yield open_


@pytest.fixture
async def host(open_hub: Open) -> GrpcHost:
    return await open_hub()
