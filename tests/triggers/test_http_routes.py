"""The routes as the worker indexes them."""

import inspect
import json
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from tests.triggers.service import Service
from triggers import http
from triggers.problems import KINDS

ANONYMOUS = {"health", "openapi.json"}

Indexed = dict[tuple[str, str], Any]


CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=func.Context)


def binding_of(function: Any) -> dict[str, Any]:
    binding: dict[str, Any] = function.get_trigger().get_dict_repr()
    return binding


@pytest.fixture
def indexed(service: Service) -> Indexed:
    """The functions by method and route."""
    app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    app.register_functions(http.blueprint(service.store, None, None))  # type: ignore[arg-type]
    found: Indexed = {}
    for each in app.get_functions():
        trigger = binding_of(each)
        for method in trigger["methods"]:
            found[str(method.value), trigger["route"]] = each
    return found


def test_the_routes_are_those_of_the_contract_and_of_the_document(indexed: Indexed) -> None:
    document = json.loads(http.OPENAPI_DOCUMENT.read_bytes())
    documented = {
        (method.upper(), path.removeprefix("/api/").replace("{requestId}", "{*requestId}"))
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert set(indexed) == documented
    assert len(indexed) == 9


def test_all_calls_need_a_key_but_those_that_tell_nothing(indexed: Indexed) -> None:
    for (_, route), function in indexed.items():
        level = binding_of(function)["authLevel"]
        assert (level == func.AuthLevel.ANONYMOUS) == (route in ANONYMOUS)


def test_each_parameter_is_a_binding_and_its_annotation_a_class(indexed: Indexed) -> None:
    for function in indexed.values():
        signature = inspect.signature(function.get_user_function(), eval_str=True)
        bindings = {each.name for each in function.get_bindings()} - {"$return"}
        # The worker gives `context` to whoever names it so; no binding has that name.
        assert set(signature.parameters) - {"context"} == bindings
        assert signature.parameters.get("context", CONTEXT).annotation is func.Context
        assert signature.return_annotation is func.HttpResponse


def test_whoever_accepts_has_a_durable_client(indexed: Indexed) -> None:
    for (method, _), function in indexed.items():
        types = {each.type for each in function.get_bindings()}
        assert ("durableClient" in types) == (method != "GET")


def test_the_document_lists_all_kinds_of_problems_with_their_status() -> None:
    document = json.loads(http.OPENAPI_DOCUMENT.read_bytes())
    types = document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert sorted(types) == sorted(each.type for each in KINDS)
    assert len({each.type for each in KINDS}) == len(KINDS)
    explained = " ".join(
        f"{status} {document['components']['responses'][name]['description']}"
        for path in document["paths"].values()
        for call in path.values()
        if isinstance(call, dict)
        for status, response in call["responses"].items()
        if (name := response.get("$ref", "").rpartition("/")[2])
    )
    for kind in KINDS:
        assert f"`{kind.type}`" in explained
