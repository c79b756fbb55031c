"""Starts a command as an operator does: in a folder of its own, with the settings found there."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent


def start(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m` with this command and none of the settings of who runs the tests."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TODO_")}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
