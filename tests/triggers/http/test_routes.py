"""The routes as the worker indexes them."""

import asyncio
import inspect
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from domain.domain import AnyDomain
from domain.request import Request
from examples.invoices import INVOICES
from tests.domain.domains import parrots
from tests.durable_sdk.port import BUILT_IN
from tests.triggers.http.memory_hub import HangingRead, MemoryHub
from tests.triggers.http.service import Service, engine_of, request
from todos import TODOS
from triggers.http import routes
from triggers.http.openapi.document import document, document_bytes
from triggers.http.stories import LOOKS_MAX

ANONYMOUS = {"health", "openapi.json", "page", "page/{*file}"}

Indexed = dict[tuple[str, str], Any]

CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=func.Context)


def indexed(service: Service, domains: Sequence[AnyDomain]) -> Indexed:
    """The functions by method and route."""
    app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    engines = [engine_of(each, service.store, MemoryHub()) for each in domains]
    app.register_functions(routes.blueprint(engines, 30.0))
    found: Indexed = {}
    for each in app.get_functions():
        if str(each.get_function_name()).startswith(BUILT_IN):
            continue
        trigger = binding_of(each)
        for method in trigger["methods"]:
            found[str(method.value), trigger["route"]] = each
    return found


def binding_of(function: Any) -> dict[str, Any]:
    binding: dict[str, Any] = function.get_trigger().get_dict_repr()
    return binding


DOMAINS = [[TODOS], [INVOICES], [TODOS, INVOICES, parrots()]]


@pytest.mark.parametrize("domains", DOMAINS)
async def test_routes_are_those_of_the_document(service: Service, domains: list[AnyDomain]) -> None:
    documented = {
        (
            method.upper(),
            path.removeprefix("/api/")
            .replace("{requestId}", "{*requestId}")
            .replace("{file}", "{*file}"),
        )
        for path, methods in document(domains)["paths"].items()
        for method in methods
        if method != "parameters"
    }
    found = indexed(service, domains)
    assert set(found) == documented
    assert len(found) == 9 * len(domains) + 5


async def test_functions_are_named_after_their_domain(service: Service) -> None:
    found = indexed(service, [TODOS, INVOICES])
    names = [each.get_function_name() for each in dict.fromkeys(found.values())]
    assert sorted(names) == sorted(set(names))
    assert {"post_todo", "post_todos", "put_todo_request", "get_project", "get_todo"} <= set(names)
    assert {"get_invoices", "get_customer", "get_invoice_request"} <= set(names)


async def test_those_who_look_share_few_hub_calls_over_domains(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_order = HangingRead()
    monkeypatch.setattr(MemoryHub, "order", read_order)
    found = indexed(service, [TODOS, INVOICES])
    looks = []
    for route, name, key in [
        ("projects/{projectId}/pending", "projectId", "7"),
        ("customers/{customerId}/pending", "customerId", "C-7"),
    ]:
        await service.store.inbox.put([Request(key, "r", "{}")], datetime.now(UTC))
        call = inspect.unwrap(found["GET", route].get_user_function())
        looks += [call(request("GET", route={name: key}), client=None) for _ in range(8)]
    answers = await asyncio.gather(*looks)
    assert {each.status_code for each in answers} == {200}
    assert (read_order.most, read_order.under_way) == (LOOKS_MAX, 0)


async def test_all_calls_need_a_key_but_those_that_tell_nothing(service: Service) -> None:
    for (_, route), function in indexed(service, [TODOS]).items():
        level = binding_of(function)["authLevel"]
        assert (level == func.AuthLevel.ANONYMOUS) == (route in ANONYMOUS)


async def test_each_parameter_is_a_binding_and_its_annotation_a_class(service: Service) -> None:
    for function in indexed(service, [TODOS]).values():
        signature = inspect.signature(function.get_user_function(), eval_str=True)
        bindings = {each.name for each in function.get_bindings()} - {"$return"}
        # The worker gives `context` to whoever names it so; no binding has that name.
        assert set(signature.parameters) - {"context"} == bindings
        assert signature.parameters.get("context", CONTEXT).annotation is func.Context
        assert signature.return_annotation is func.HttpResponse


async def test_calls_that_ask_the_task_hub_have_a_durable_client(service: Service) -> None:
    for (method, route), function in indexed(service, [TODOS]).items():
        types = {each.type for each in function.get_bindings()}
        asks_entity = route.endswith("/pending") or "/stories/" in route
        assert ("durableClient" in types) == (method not in {"GET", "HEAD"} or asks_entity)


async def test_the_document_is_served_as_it_is_made(service: Service) -> None:
    function = indexed(service, [INVOICES])["GET", "openapi.json"].get_user_function()
    response = await function(
        func.HttpRequest("GET", "http://127.0.0.1/api/openapi.json", body=b"")
    )
    assert response.mimetype == "application/json"
    assert response.get_body() == document_bytes([INVOICES])
    assert json.loads(response.get_body())["info"]["title"] == "Effectively once: invoices"
