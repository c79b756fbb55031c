"""Which function answers a method and a path (host-protocol 2.3).

As in ASP.NET Core: literals win over parameters, constrained parameters over free ones, the first
registered over later ones. The verb is a constraint too, so a wrong one is 404 and never 405.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from localhost.errors import StartError
from localhost.functions import HTTP_TRIGGER, Function
from localhost.route_template import RouteTemplate, compile_template

ALL_METHODS: Final = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
)


@dataclass(frozen=True, slots=True)
class Route:
    """A function and the requests it answers."""

    function: Function
    template: RouteTemplate
    methods: frozenset[str]


class RouteTable:
    """All routes of an app, compiled once."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_leading: dict[str, list[Route]] = {}
        for route in routes:
            self._by_leading.setdefault(route.template.leading, []).append(route)
        for group in self._by_leading.values():
            group.sort(key=_rank)  # stable: ties go by registration
        self._depth = max((key.count("/") + 1 for key in self._by_leading), default=0)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """Return the route and its values for a decoded path, None when nothing answers it.

        The path begins with a slash; one slash at its end makes no difference.
        """
        path = path[1:-1] if len(path) > 1 and path.endswith("/") else path[1:]
        leading = "/".join(path.lower().split("/", self._depth)[: self._depth])
        while True:
            for route in self._by_leading.get(leading, ()):
                if method in route.methods:
                    values = route.template.match(path)
                    if values is not None:
                        return route, values
            if not leading:
                return None
            # The longest run of literals first: that is what precedence comes to.
            leading = leading.rpartition("/")[0]


def _rank(route: Route) -> tuple[int, ...]:
    return route.template.precedence


def build_routes(functions: Iterable[Function], prefix: str) -> list[Route]:
    """Return the routes of the HTTP functions under host.json's `routePrefix`, in their order.

    Raises StartError when a template is wrong.
    """
    routes = []
    for function in functions:
        if function.trigger_type != HTTP_TRIGGER:
            continue
        own = str(function.trigger.get("route") or "")
        try:
            template = compile_template(f"{prefix.strip('/')}/{own.strip('/')}")
        except ValueError as error:
            raise StartError(f"{function.name}: {error}") from error
        methods = function.trigger.get("methods") or ALL_METHODS
        routes.append(Route(function, template, frozenset(str(item).upper() for item in methods)))
    return routes
