"""Durable clients over the worker's stream get what they get over HTTP."""

from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.localhost.process import SECONDS_MAX, Start, write_app

APP: Final = """
import asyncio
import json

import azure.functions as func
import azure.durable_functions as df
from azure.durable_functions.models.utils import http_utils

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


async def outcome(awaitable):
    try:
        answer = await awaitable
        return repr(getattr(answer, "instances_deleted", answer))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@app.route(route="calls")
@app.durable_client_input(client_name="client")
async def calls(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    entity = df.EntityId("counter", "a b+ü")
    seen = [
        await outcome(client.start_new("waits", "one", {"n": "ü"})),
        await outcome(client.start_new("waits", "one", None)),
        await outcome(client.start_new("nobody", "two", None)),
        await outcome(client.raise_event("nowhere", "go", 1)),
        await outcome(client.raise_event("one", "go", [1, 2])),
        await outcome(client.signal_entity(entity, "add", 2)),
        await outcome(client.signal_entity(df.EntityId("nobody", "k"), "add", 2)),
        await outcome(client.terminate("nowhere", "why")),
        await outcome(client.purge_instance_history("nowhere")),
    ]
    for _ in range(200):
        status = await client.get_status("one")
        state = await client.read_entity_state(entity)
        if status.runtime_status is df.OrchestrationRuntimeStatus.Completed and state.entity_exists:
            break
        await asyncio.sleep(0.05)
    seen += [status.output, state.entity_state, str(status.runtime_status)]
    seen.append(repr((await client.read_entity_state(df.EntityId("counter", "z"))).entity_exists))
    return func.HttpResponse(json.dumps(seen))


@app.route(route="carried")
async def carried(req: func.HttpRequest) -> func.HttpResponse:
    session = http_utils._client_session
    return func.HttpResponse(str(type(session).__name__ == "StreamSession"))


@app.route(route="many")
@app.durable_client_input(client_name="client")
async def many(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    keys = [df.EntityId("counter", str(n)) for n in range(100)]
    found = await asyncio.gather(*(client.read_entity_state(key) for key in keys))
    return func.HttpResponse(str(sum(not state.entity_exists for state in found)))


@app.orchestration_trigger(context_name="context")
def waits(context: df.DurableOrchestrationContext):
    return (yield context.wait_for_external_event("go"))


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(None)
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "app", APP)


def get(base: str, path: str) -> str:
    return requests.get(f"{base}/api/{path}", timeout=SECONDS_MAX).text


def answers(start: Start, app: Path, way: str) -> Any:
    host = start(app, "--data", way, LOCALHOST_DURABLE_CLIENT=way)
    base = host.base()
    seen = requests.get(f"{base}/api/calls", timeout=SECONDS_MAX).json()
    assert get(base, "carried") == str(way == "stream")
    assert host.end() == 0
    return seen


@pytest.mark.sdk1
def test_both_ways_give_the_same_answers(start: Start, app: Path) -> None:
    over_http, over_stream = (answers(start, app, way) for way in ("http", "stream"))
    assert over_stream == over_http
    assert over_stream[0] == "'one'"
    assert "already exists" in over_stream[1]
    assert over_stream[-4:-1] == ["[1, 2]", 2, "OrchestrationRuntimeStatus.Completed"]


@pytest.mark.sdk1
def test_more_calls_than_connections_all_get_through(start: Start, app: Path) -> None:
    assert get(start(app).base(), "many") == "100"
