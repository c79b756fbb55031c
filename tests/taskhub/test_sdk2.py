"""SDK 2.x closes the client of an invocation when it ends; the calls of the app outlive that."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest
from durabletask.entities import EntityInstanceId

from taskhub.sdk import calls_of
from tests.localhost.protobuf.functions import Functions
from tests.localhost.protobuf.grpc_host import GrpcHost, eventually

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads was called")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[GrpcHost]:
    app = Functions()

    @app.entity
    def keeper(context: Any, given: Any) -> None:
        context.set_state(given)

    host = GrpcHost(tmp_path / "hub.db", app)
    await host.start()
    yield host
    await host.stop()
    app.close()


def client_of_an_invocation(host: GrpcHost) -> Any:
    sdk: Any = df
    return sdk.DurableFunctionsClient(json.dumps({"rpcBaseUrl": host.client.rpcBaseUrl}))


async def test_calls_go_on_when_the_invocation_has_ended(host: GrpcHost) -> None:
    client = client_of_an_invocation(host)
    calls: Any = calls_of(client)
    await client.close()
    with pytest.raises(Exception, match="closed"):
        await client.get_entity(EntityInstanceId("keeper", "k"))
    await calls.signal("keeper", "k", "keep", {"v": 1})
    assert await eventually(lambda: calls.state("keeper", "k"), bool) == {"v": 1}
    await calls._client.close()


async def test_all_invocations_share_one_channel(host: GrpcHost) -> None:
    one, other = client_of_an_invocation(host), client_of_an_invocation(host)
    calls: Any = calls_of(one)
    same: Any = calls_of(other)
    assert same._client is calls._client
    for each in (one, other, calls._client):
        await each.close()
