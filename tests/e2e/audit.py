"""The auditor, as an operator runs it beside a running service."""

import subprocess
import sys

from tests.domain_under_test import MODULE
from tests.e2e.server import APP, LocalhostProcess


def audit(server: LocalhostProcess) -> str:
    """Have the storage proved consistent; return what was checked."""
    spec = "tables" if server.storage == "tables" else f"sqlite:{server.data / 'store.db'}"
    command = [sys.executable, "-m", "tools.audit", "--domain", MODULE, "--store", spec]
    done = subprocess.run(
        command, check=False, cwd=APP, env=server.environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
