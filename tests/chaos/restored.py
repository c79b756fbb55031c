"""What was stored comes back from a copy, and is proved there too."""

from pathlib import Path

from tests.e2e.audit import run_tool, store_of
from tests.e2e.server import LocalhostProcess


def restored(server: LocalhostProcess, folder: Path) -> str:
    """Copy the store of a running host, restore it into an empty file, have that one proved.

    Returns what was proved. Raises AssertionError.
    """
    other = f"sqlite:{folder.with_name('restored.db')}"
    run_tool(server, "backup", store_of(server), "copy", str(folder))
    run_tool(server, "backup", other, "restore", str(folder))
    return f"Restored from a copy: {run_tool(server, 'audit', other)}"
