"""The auditor and other tools, as an operator runs them beside a running service."""

import subprocess
import sys

from tests.domain_under_test import MODULE
from tests.e2e.server import APP, LocalhostProcess


def store_of(server: LocalhostProcess) -> str:
    """Return its store as tools name it."""
    return "tables" if server.storage == "tables" else f"sqlite:{server.data / 'store.db'}"


def run_tool(server: LocalhostProcess, tool: str, store: str, *arguments: str) -> str:
    """Run a tool on a store, with the settings of a service; return what it printed.

    Raises AssertionError when it fails.
    """
    command = [sys.executable, "-m", f"tools.{tool}", "--domain", MODULE, "--store", store]
    done = subprocess.run(
        [*command, *arguments],
        check=False,
        cwd=APP,
        env=server.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def audit(server: LocalhostProcess) -> str:
    """Have the storage proved consistent; return what was checked."""
    return run_tool(server, "audit", store_of(server))
