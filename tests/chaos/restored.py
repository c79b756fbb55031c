"""What was stored comes back from a copy, and is proved there too."""

import subprocess
import sys
from pathlib import Path

from tests.domain_under_test import MODULE
from tests.e2e.server import APP, LocalhostProcess


def restored(server: LocalhostProcess, folder: Path) -> str:
    """Copy the store of a running host, restore it into an empty file, have that one proved.

    Returns what was proved. Raises AssertionError.
    """
    kept = "tables" if server.storage == "tables" else f"sqlite:{server.data / 'store.db'}"
    other = f"sqlite:{folder.with_name('restored.db')}"
    _run(server, "backup", kept, "copy", str(folder))
    _run(server, "backup", other, "restore", str(folder))
    return f"Restored from a copy: {_run(server, 'audit', other)}"


def _run(server: LocalhostProcess, tool: str, store: str, *arguments: str) -> str:
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
