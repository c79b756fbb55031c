"""Which function answers a method and a path (host-protocol 2.3).

There is no precedence: functions are tried in the order of their names, and the first whose
template, constraints and methods match answers. A wrong verb is 404 and never 405.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from localhost.errors import HostError
from localhost.functions import HTTP_TRIGGER, Function
from localhost.route_template import RouteTemplate, compile_template


@dataclass(frozen=True, slots=True)
class Route:
    """A function and the requests it answers."""

    function: Function
    template: RouteTemplate
    methods: frozenset[str]
    """In upper case; empty for all, of whatever name."""

    def answers(self, method: str) -> bool:
        """Whether it takes requests of this method."""
        return not self.methods or method in self.methods


class RouteTable:
    """All routes of an app, in the order in which they are tried."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """Return the route and its values for a decoded path, None when nothing answers it."""
        for route in self._routes:
            if route.answers(method):
                values = route.template.match(path[1:])
                if values is not None:
                    return route, values
        return None


def build_routes(functions: Iterable[Function], prefix: str) -> list[Route]:
    """Return the routes of the HTTP functions under host.json's `routePrefix`, by name.

    Raises HostError when a template is wrong.
    """
    named = sorted(functions, key=lambda function: function.name.lower())
    return [_route(function, prefix) for function in named if function.trigger_type == HTTP_TRIGGER]


def _route(function: Function, prefix: str) -> Route:
    own = str(function.trigger.get("route") or function.name)
    if own.startswith("/"):
        raise HostError(f"{function.name}: the route {own!r} begins with a slash")
    if prefix.endswith("/"):
        raise HostError(f"host.json: `extensions.http.routePrefix` {prefix!r} ends in a slash")
    try:
        template = compile_template(f"{prefix.removeprefix('/')}/{own}" if prefix else own)
    except ValueError as error:
        raise HostError(f"{function.name}: {error}") from error
    methods = function.trigger.get("methods") or ()
    return Route(function, template, frozenset(str(item).upper() for item in methods))
