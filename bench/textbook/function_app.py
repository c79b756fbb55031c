"""An orchestration that calls an entity and then an activity; the client looks every 50 ms."""

import asyncio
import json
import os
from contextlib import suppress
from functools import cache
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

LOOK_SECONDS = 0.05

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("health")
async def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001
    """Make the table."""
    async with TableClient.from_connection_string(os.environ["EO_TABLES"], "textbook") as made:
        with suppress(ResourceExistsError):
            await made.create_table()
    return func.HttpResponse("{}")


@app.route("todos", methods=["POST"])
@app.durable_client_input("client")
async def post_todo(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    """Start an orchestration and wait for it."""
    instance = await client.start_new("number", client_input=req.get_json())
    while (status := await client.get_status(instance)).runtime_status.value != "Completed":  # noqa: ASYNC110 - as measured
        await asyncio.sleep(LOOK_SECONDS)
    return func.HttpResponse(json.dumps({"id": status.output}), status_code=201)


@app.orchestration_trigger("context")
def number(context: df.DurableOrchestrationContext) -> Any:
    """Ask for the next number, write the entry with it."""
    asked: Any = context.get_input()
    found = yield context.call_entity(df.EntityId("counter", str(asked["projectId"])), "next")
    yield context.call_activity("write", {"PartitionKey": str(asked["projectId"]), "id": found})
    return found


@app.entity_trigger("context")
def counter(context: df.DurableEntityContext) -> None:
    """Count."""
    found = context.get_state(lambda: 0) + 1
    context.set_state(found)
    context.set_result(found)


@app.activity_trigger("row")
async def write(row: dict) -> None:  # type: ignore[type-arg]  # what the SDK knows
    """Keep the entry."""
    entity = {**row, "RowKey": f"{row['id']:010}"}
    await _table().upsert_entity(entity, mode=UpdateMode.REPLACE)


@cache
def _table() -> TableClient:
    return TableClient.from_connection_string(os.environ["EO_TABLES"], "textbook")
