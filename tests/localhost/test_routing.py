from pathlib import Path

import azure.functions as func
import pytest

from localhost.errors import StartError
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


def test_a_literal_wins_over_a_constrained_parameter_and_that_over_a_free_one() -> None:
    routes = table(
        ("rest", "items/{*rest}", None),
        ("free", "items/{id}", None),
        ("number", "items/{id:int}", None),
        ("literal", "items/new", None),
    )
    assert found(routes, "/api/items/new") == "literal"
    assert found(routes, "/api/items/7") == "number"
    assert found(routes, "/api/items/x") == "free"
    assert found(routes, "/api/items/x/y") == "rest"
    assert found(routes, "/api/items") == "rest"


def test_the_first_difference_from_the_left_decides() -> None:
    routes = table(("late", "{a}/b/c", None), ("early", "a/{b}/{c}", None))
    assert found(routes, "/api/a/b/c") == "early"
    assert found(routes, "/api/x/b/c") == "late"


def test_ties_go_by_registration() -> None:
    routes = table(("first", "{a}/x", None), ("second", "{b}/x", None))
    assert found(routes, "/api/1/x") == "first"


def test_a_wrong_verb_leaves_the_path_to_a_less_specific_route() -> None:
    routes = table(("literal", "items/new", ["POST"]), ("free", "items/{id}", ["GET"]))
    assert found(routes, "/api/items/new", "GET") == "free"
    assert found(routes, "/api/items/new", "POST") == "literal"
    assert found(routes, "/api/items/new", "PUT") is None


def test_case_and_one_trailing_slash_do_not_matter() -> None:
    routes = table(("items", "Items/{id}", None))
    match = routes.find("GET", "/API/iTEMS/AbC/")
    assert match is not None
    assert match[1] == {"id": "AbC"}
    assert found(routes, "/api/items/x//") is None
    assert found(routes, "//api/items/x") is None


def test_the_prefix_can_be_changed_or_left_out() -> None:
    assert found(table(("x", "x", None), prefix="v1/rest"), "/v1/rest/x") == "x"
    bare = table(("x", "x", None), ("root", "/", None), prefix="")
    assert found(bare, "/x") == "x"
    assert found(bare, "/") == "root"


def test_a_function_without_methods_answers_every_verb() -> None:
    routes = table(("x", "x", None))
    for verb in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
        assert found(routes, "/api/x", verb) == "x"


def test_a_wrong_template_names_its_function() -> None:
    with pytest.raises(StartError, match=r"broken: .*braces"):
        table(("broken", "x/{", None))
