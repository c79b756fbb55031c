"""Install Azurite as tests/azurite/package-lock.json pins it; do nothing when it is there.

Without a Node.js that is new enough, the one of requirements-node.txt is installed into .venv.
"""

import hashlib
import importlib
import os
import subprocess
import sys
from typing import Final

from tools.azurite import FOLDER, MAIN
from tools.node import MAJOR_MIN, Node

INSTALL_SECONDS_MAX: Final = 600
NODE_REQUIREMENTS: Final = FOLDER.parent.parent / "requirements-node.txt"
STAMP: Final = FOLDER / "node_modules" / ".installed"


def main() -> None:
    """Exit with a message that says what is missing when it cannot be installed."""
    node = Node.find() or _install_node()
    if not _is_installed():
        print("Installing Azurite, the emulator of Azure Storage ...", file=sys.stderr)
        _install_azurite(node)


def _fingerprint() -> str:
    content = (FOLDER / "package-lock.json").read_bytes()
    return hashlib.sha256(content).hexdigest()


def _is_installed() -> bool:
    return MAIN.is_file() and STAMP.is_file() and STAMP.read_text() == _fingerprint()


def _install_node() -> Node:
    print(f"Installing Node.js into .venv: PATH has none from {MAJOR_MIN} on ...", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    _run([*pip, "-r", str(NODE_REQUIREMENTS)], "pip could not install Node.js")
    importlib.invalidate_caches()
    node = Node.find()
    if node is None:
        sys.exit(f"Azurite needs Node.js {MAJOR_MIN} or newer: install it and put it on PATH.")
    return node


def _install_azurite(node: Node) -> None:
    # npm's own scripts start `node` by name.
    path = os.pathsep.join([str(node.node.parent), os.environ.get("PATH", "")])
    _run(
        [*node.npm_command(), "ci", "--loglevel=error"],
        "npm could not install Azurite",
        env=dict(os.environ, PATH=path),
    )
    STAMP.write_text(_fingerprint())


def _run(command: list[str], failure: str, env: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(command, cwd=FOLDER, env=env, check=True, timeout=INSTALL_SECONDS_MAX)
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"{failure}: {error}")


if __name__ == "__main__":
    main()
