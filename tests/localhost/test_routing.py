from pathlib import Path

import azure.functions as func
import pytest

from localhost.errors import HostError
from localhost.routing import RouteTable, build_routes
from tests.localhost.in_process import index_functions


def table(*routes: tuple[str, str, list[str] | None], prefix: str = "api") -> RouteTable:
    app = func.FunctionApp()
    for name, route, methods in routes:

        def handler(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse(req.url)

        handler.__name__ = name
        app.route(route=route, methods=methods)(handler)
    return RouteTable(build_routes(index_functions(app, Path(), {}), prefix))


def found(routes: RouteTable, path: str, method: str = "GET") -> str | None:
    match = routes.find(method, path)
    return None if match is None else match[0].function.name


def test_overlapping_routes_go_by_the_names_of_functions() -> None:
    routes = table(
        ("z_literal", "items/new", None),
        ("B_free", "items/{id}", None),
        ("c_number", "items/{id:int}", None),
        ("x_rest", "items/{*rest}", None),
    )
    assert found(routes, "/api/items/new") == "B_free"
    assert found(routes, "/api/items/7") == "B_free"
    assert found(routes, "/api/items/x/y") == "x_rest"
    assert found(routes, "/api/items") == "x_rest"


def test_wrong_verb_leaves_the_path_to_a_later_function() -> None:
    routes = table(("a", "items/new", ["POST"]), ("b", "items/{id}", ["GET"]))
    assert found(routes, "/api/items/new", "GET") == "b"
    assert found(routes, "/api/items/new", "POST") == "a"
    assert found(routes, "/api/items/new", "PUT") is None


def test_function_without_methods_answers_every_token() -> None:
    routes = table(("x", "x", None))
    assert all(found(routes, "/api/x", verb) == "x" for verb in ("GET", "PURGE", "X-Y"))


def test_case_and_one_slash_at_the_end_do_not_matter() -> None:
    routes = table(("items", "Items/{id}", None))
    match = routes.find("GET", "/API/iTEMS/AbC/")
    assert match is not None
    assert match[1] == {"id": "AbC"}
    assert found(routes, "/api/items/x//") is None
    assert found(routes, "//api/items/x") is None


def test_catch_all_keeps_its_slashes_but_begins_with_none() -> None:
    routes = table(("rest", "rest/{*path}", None))
    match = routes.find("GET", "/api/rest/a//b/")
    assert match is not None
    assert match[1] == {"path": "a//b/"}
    assert found(routes, "/api/rest//a") is None


@pytest.mark.parametrize(("prefix", "path"), [("v1/x", "/v1/x/y"), ("", "/y"), ("/v1", "/v1/y")])
def test_prefix_comes_before_every_route(prefix: str, path: str) -> None:
    assert found(table(("y", "y", None), prefix=prefix), path) == "y"


@pytest.mark.parametrize("route", ["/y", "y/{x", "y/{x:nope}", "y/{x}/{x}"])
def test_route_that_the_real_host_refuses_is_a_host_error(route: str) -> None:
    with pytest.raises(HostError):
        table(("y", route, None))


def test_prefix_that_ends_in_a_slash_is_an_error_of_the_host() -> None:
    with pytest.raises(HostError):
        table(("y", "y", None), prefix="v1/")
