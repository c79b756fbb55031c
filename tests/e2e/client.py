"""A client of the service, as anybody could write it with `requests`."""

import random
from typing import Any

import requests

WAIT_SECONDS = 60.0
"""How long a single call may take before the test fails."""


class Client:
    """Calls relative to a base URL, with a function key if there is one."""

    def __init__(self, base_url: str, key: str | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        if key:
            self.session.headers["x-functions-key"] = key

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request to a path below the base URL."""
        return self.session.request(method, self.base_url + path, timeout=WAIT_SECONDS, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, body: Any, path: str = "/api/todos", **headers: str) -> requests.Response:
        """Post JSON; header names have `_` for `-`."""
        return self.call("POST", path, json=body, headers=named(headers))

    def put(self, project_id: int, request_id: str, body: Any, **headers: str) -> requests.Response:
        """Put a request; `request_id` goes into the path as it is."""
        path = f"/api/projects/{project_id}/requests/{request_id}"
        return self.call("PUT", path, json=body, headers=named(headers))

    def log_of(self, project_id: int) -> list[dict[str, Any]]:
        """Read all TODOs of a project, following `next`."""
        todos: list[dict[str, Any]] = []
        path: str | None = f"/api/projects/{project_id}/todos?limit=1000"
        while path is not None:
            page = self.get(path).json()
            todos += page["todos"]
            path = page["next"]
        return todos


def named(headers: dict[str, str]) -> dict[str, str]:
    """Write names of headers as names of Python arguments cannot be."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def unused_project() -> int:
    """A project that no other test uses, nor any earlier run against the same service."""
    return random.SystemRandom().randrange(1_000_000, 2**31)
