"""The service behind the page, as a test prepares and damages it."""

import sqlite3
import time
from contextlib import closing
from typing import Any

import requests

from tests.e2e.server import LocalhostProcess, wait_until


class Site:
    """One host."""

    def __init__(self, host: LocalhostProcess) -> None:
        """Speak to `host`, and reach into its store file."""
        self.host = host

    def todo(self, project: int, title: str, request_id: str) -> dict[str, Any]:
        """Make a TODO."""
        return self.post("todos", {"projectId": project, "title": title}, request_id)

    def post(self, plural: str, body: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Ask for an entry, which may be refused."""
        headers = {"Idempotency-Key": request_id, "Prefer": "wait=30"}
        url = f"{self.host.base_url}/api/{plural}"
        answer = requests.post(url, json=body, headers=headers, timeout=60)
        assert answer.status_code in {201, 409}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def batch(self, items: list[dict[str, Any]]) -> None:
        """Make many TODOs of one project, and come back when all have their places."""
        url = f"{self.host.base_url}/api/todos/batch"
        assert requests.post(url, json=items, timeout=60).status_code == 202
        project = items[0]["projectId"]
        url = f"{self.host.base_url}/api/projects/{project}"

        def is_done() -> bool:
            return bool(requests.get(url, timeout=60).json()["pending"] == 0)

        wait_until(is_done, "the batch is not done")

    def todos(self, project: int) -> list[dict[str, Any]]:
        """The whole log of a project."""
        url = f"{self.host.base_url}/api/projects/{project}/todos"
        found: list[dict[str, Any]] = requests.get(url, timeout=60).json()["todos"]
        return found

    def leave_waiting(self, project: int, title: str, request_id: str) -> None:
        """Put a request into the inbox as a process does that dies after accepting it."""
        now = int(time.time() * 1_000_000)
        self.sql(
            "INSERT INTO inbox VALUES (?, ?, ?, ?)",
            *(str(project), request_id, f'{{"title":"{title}"}}', now),
        )

    def sql(self, statement: str, *values: object) -> None:
        """Change the store file behind the back of the app."""
        with closing(sqlite3.connect(self.host.data / "store.db", timeout=30)) as db, db:
            db.execute(statement, values)
