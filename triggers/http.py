"""The routes: which call of the HTTP contract is which function of the app.

Reading on: `http_todos` asks for TODOs, `http_reading` looks, `problems` is every other answer.
"""

import time
from pathlib import Path
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func

from activities.arrivals import Arrivals
from activities.hub import DurableHub, HubOf
from store.port import Store
from telemetry import tracing
from triggers.http_health import Health
from triggers.http_reading import ReadingCalls, guarded
from triggers.http_todos import TodoCalls
from triggers.intake import Intake

ONE_REQUEST: Final = "projects/{projectId}/requests/{*requestId}"
"""Catch-all: a request id may contain slashes, as those of events do (`hub/0/12`)."""

OPENAPI_DOCUMENT: Final = Path(__file__).with_name("openapi.json")


def blueprint(
    store: Store, intake: Intake, arrivals: Arrivals, hub_of: HubOf = DurableHub
) -> df.Blueprint:
    """Declare all of them; function-level keys where nothing else is said."""
    functions = df.Blueprint()
    _declare_writing(functions, TodoCalls(store, intake, arrivals), hub_of)
    _declare_reading(functions, ReadingCalls(store))
    _declare_open(functions, Health(store, clock=time.monotonic))
    return functions


def _declare_writing(functions: df.Blueprint, calls: TodoCalls, hub_of: HubOf) -> None:
    @functions.route("todos", methods=["POST"])
    @functions.durable_client_input("client")
    async def post_todo(
        req: func.HttpRequest, client: Any, context: func.Context
    ) -> func.HttpResponse:
        with tracing.invocation(context.trace_context):
            return await calls.post(req, hub_of(client))

    @functions.route("todos/batch", methods=["POST"])
    @functions.durable_client_input("client")
    async def post_todos(
        req: func.HttpRequest, client: Any, context: func.Context
    ) -> func.HttpResponse:
        with tracing.invocation(context.trace_context):
            return await calls.post_batch(req, hub_of(client))

    @functions.route(ONE_REQUEST, methods=["PUT"])
    @functions.durable_client_input("client")
    async def put_request(
        req: func.HttpRequest, client: Any, context: func.Context
    ) -> func.HttpResponse:
        with tracing.invocation(context.trace_context):
            return await calls.put(req, hub_of(client))


def _declare_reading(functions: df.Blueprint, calls: ReadingCalls) -> None:
    @functions.route(ONE_REQUEST, methods=["GET"])
    async def get_request(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(calls.request, req)

    @functions.route("projects/{projectId}", methods=["GET"])
    async def get_project(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(calls.project, req)

    @functions.route("projects/{projectId}/todos", methods=["GET"])
    async def get_todos(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(calls.todos, req)

    @functions.route("projects/{projectId}/todos/{id}", methods=["GET"])
    async def get_todo(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(calls.todo, req)


def _declare_open(functions: df.Blueprint, health: Health) -> None:
    document = OPENAPI_DOCUMENT.read_bytes()

    @functions.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def get_health(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(health.get, req)

    @functions.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def get_openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding
        return func.HttpResponse(document, mimetype="application/json")
