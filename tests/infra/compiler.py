"""Runs the Bicep compiler. A warning counts as an error: a wrong name of a property is only one."""

import os
import subprocess
from pathlib import Path
from typing import Final

COMMANDS: Final = {
    "build": ("build", "--stdout", "main.bicep"),
    "build-params": ("build-params", "--stdout", "main.bicepparam"),
    "lint": ("lint", "main.bicep"),
}
COMPILE_SECONDS_MAX: Final = 100


def compile_with(bicep: str, command: tuple[str, ...], folder: Path) -> str:
    """Return the standard output. Raises AssertionError for a failure or anything said beside it."""
    done = subprocess.run(
        [bicep, *command],
        cwd=folder,
        env={**os.environ, "AZURE_ENV_NAME": "todos-test", "AZURE_LOCATION": "swedencentral"},
        capture_output=True,
        text=True,
        check=False,
        timeout=COMPILE_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout
