"""What the recorded sets `http/routes` and `http/precedence` and the variants do not show."""

from pathlib import Path

import azure.functions as func
import pytest

from localhost.errors import HostError
from localhost.routing import build_routes
from tests.localhost.in_process import index_functions


@pytest.mark.parametrize(("prefix", "route"), [("api", "y/{x}/{x}"), ("v1/", "y")])
def test_route_that_the_real_host_refuses_is_a_host_error(prefix: str, route: str) -> None:
    app = func.FunctionApp()

    @app.route(route=route)
    def y(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(req.url)

    with pytest.raises(HostError):
        build_routes(index_functions(app, Path()), prefix)
