"""The routes: which call of the HTTP contract is which function of the app.

Names of functions follow from the domain: `post_invoice`, `post_invoices`, `put_invoice_request`,
`get_invoice_request`, `get_customer`, `get_invoices`, `get_invoice`, `get_invoice_pending`,
`get_invoice_story`. On Flex Consumption all of them share one group of instances.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from domain.domain import AnyDomain
from domain.names import function_names
from telemetry import tracing
from triggers.engine import Engine
from triggers.http import page
from triggers.http.health import Health
from triggers.http.openapi.document import document_bytes
from triggers.http.reading import Reading, guarded
from triggers.http.stories import Stories, places_to_look
from triggers.http.writing import Writing

Call = Callable[[func.HttpRequest, Any], Awaitable[func.HttpResponse]]
Read = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


def blueprint(engines: Sequence[Engine], sweep_period_seconds: float) -> df.Blueprint:
    """Declare all of them; function-level keys where nothing else is said."""
    functions = df.Blueprint()
    looks = places_to_look()
    for engine in engines:
        _declare_writing(functions, engine.domain, Writing(engine))
        _declare_reading(functions, engine.domain, Reading(engine))
        _declare_stories(functions, engine.domain, Stories(engine, looks))
    period = timedelta(seconds=sweep_period_seconds)
    health = Health(engines, period, clock=time.monotonic, now=lambda: datetime.now(UTC))
    _declare_open(functions, health, [each.domain for each in engines])
    return functions


def one_key(domain: AnyDomain) -> str:
    """The route of a key."""
    return f"{domain.key.plural}/{{{domain.key.name}}}"


def one_request(domain: AnyDomain) -> str:
    """The route of a request. Catch-all: an id with a slash is refused with a reason."""
    return f"{one_key(domain)}/requests/{{*{domain.request_id}}}"


def _declare_writing(functions: df.Blueprint, domain: AnyDomain, calls: Writing) -> None:
    names = function_names(domain)

    def declare(name: str, route: str, method: str, call: Call) -> None:
        @functions.function_name(name)
        @functions.route(route, methods=[method])
        @functions.durable_client_input("client")
        async def write(
            req: func.HttpRequest, client: Any, context: func.Context
        ) -> func.HttpResponse:
            with tracing.invocation(context.trace_context):
                return await call(req, client)

    declare(names.post, domain.plural, "POST", calls.post)
    declare(names.post_batch, f"{domain.plural}/batch", "POST", calls.post_batch)
    declare(names.put, one_request(domain), "PUT", calls.put)


def _declare_reading(functions: df.Blueprint, domain: AnyDomain, calls: Reading) -> None:
    names = function_names(domain)
    key = one_key(domain)

    def declare(name: str, route: str, call: Read) -> None:
        @functions.function_name(name)
        @functions.route(route, methods=["GET"])
        async def read(req: func.HttpRequest) -> func.HttpResponse:
            return await guarded(call, req)

    declare(names.get_request, one_request(domain), calls.request)
    declare(names.get_key, key, calls.key)
    declare(names.get_log, f"{key}/{domain.plural}", calls.log)
    declare(names.get_entry, f"{key}/{domain.plural}/{{{domain.place}}}", calls.entry)


def _declare_stories(functions: df.Blueprint, domain: AnyDomain, calls: Stories) -> None:
    names = function_names(domain)
    key = one_key(domain)

    def declare(name: str, route: str, call: Call) -> None:
        @functions.function_name(name)
        @functions.route(route, methods=["GET"])
        @functions.durable_client_input("client")
        async def look(req: func.HttpRequest, client: Any) -> func.HttpResponse:
            return await guarded(lambda asked: call(asked, client), req)

    declare(names.get_pending, f"{key}/pending", calls.pending)
    declare(names.get_story, f"{key}/stories/{{*{domain.request_id}}}", calls.story)


def _declare_open(functions: df.Blueprint, health: Health, domains: Sequence[AnyDomain]) -> None:
    document = cache(lambda: document_bytes(domains))

    @functions.route("health", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
    async def get_health(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(health.get, req)

    @functions.route("page", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def get_page(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(page.get, req)

    @functions.route("page/{*file}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def get_page_file(req: func.HttpRequest) -> func.HttpResponse:
        return await guarded(page.get, req)

    @functions.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def get_openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding
        return func.HttpResponse(document(), mimetype="application/json")
