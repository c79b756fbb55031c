"""A client of the service, as anybody could write it with `requests`."""

import random
from typing import Any
from urllib.parse import quote

import requests

from domain.samples import key_of
from tests.domain_under_test import DOMAIN

WAIT_SECONDS = 60.0
"""How long a single call may take before the test fails."""

POST = f"/api/{DOMAIN.plural}"
BATCH = f"{POST}/batch"


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

    def post(self, body: Any, path: str = POST, **headers: str) -> requests.Response:
        """Post JSON; header names have `_` for `-`."""
        return self.call("POST", path, json=body, headers=named(headers))

    def put(self, key: str | int, request_id: str, body: Any, **headers: str) -> requests.Response:
        """Put a request; `request_id` goes into the path as it is."""
        path = f"{address(key)}/requests/{request_id}"
        return self.call("PUT", path, json=body, headers=named(headers))

    def pending(self, key: str | int) -> int:
        """How many requests of a key are accepted and have no place yet."""
        return int(self.get(address(key)).json()["pending"])

    def log_of(self, key: str | int) -> list[dict[str, Any]]:
        """Read all entries of a key, following `next`."""
        entries: list[dict[str, Any]] = []
        path: str | None = f"{address(key)}/{DOMAIN.plural}?limit=1000"
        while path is not None:
            page = self.get(path).json()
            entries += page[DOMAIN.plural]
            path = page["next"]
        return entries


def address(key: str | int) -> str:
    """The path of a key."""
    return f"/api/{DOMAIN.key.plural}/{quote(str(key), safe='')}"


def named(headers: dict[str, str]) -> dict[str, str]:
    """Write names of headers as names of Python arguments cannot be."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def unused_key() -> str:
    """A key that no other test uses, nor any earlier run against the same service."""
    return key_of(DOMAIN, random.SystemRandom().randrange(1_000_000, 10**9))
