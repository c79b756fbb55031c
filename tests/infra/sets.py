"""The four installations that the tests look at."""

from functools import cache
from typing import Any, Final

from tests.infra.bicep.deployment import Resource, Template, deploy

SETS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "trial": {
        "redundancy": "local",
        "planSku": "B1",
        "planInstances": 1,
        "alarms": False,
    },
    "flex": {
        "hosting": "flex",
        "requestsHub": "requests",
        "eventsHub": "entries",
        "alertEmail": "operator@example.org",
    },
    "everything": {
        "hosting": "flex",
        "redundancy": "region",
        "privateNetwork": True,
        "taskHub": "scheduler",
        "requestsHub": "requests",
        "eventsHub": "entries",
        "alertEmail": "operator@example.org",
        "accessLogs": True,
        "signInClientId": "11111111-1111-1111-1111-111111111111",
        "allowedAddresses": ["203.0.113.0/24"],
        "alwaysReadyHttp": 3,
        "domains": [
            {"name": "todo", "plural": "todos", "key": "projectId", "entity": "Project"},
            {"name": "invoice", "plural": "invoices", "key": "customerId", "entity": "Customer"},
        ],
    },
}


@cache
def template(name: str) -> Template:
    """Return one of them, worked out."""
    return deploy(**SETS[name])


@cache
def resources(name: str) -> tuple[Resource, ...]:
    """Return all that it deploys."""
    return tuple(template(name).resources())


def of_kind(name: str, kind: str) -> list[Resource]:
    """Return the resources of one type."""
    return [each for each in resources(name) if each.kind == kind]


def only(name: str, kind: str) -> Resource:
    """Return the one resource of a type."""
    [found] = of_kind(name, kind)
    return found


def settings(name: str) -> dict[str, str]:
    """Return the app settings."""
    listed = only(name, "Microsoft.Web/sites").properties["properties"]["siteConfig"]["appSettings"]
    return {each["name"]: each["value"] for each in listed}
