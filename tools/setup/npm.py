"""Install npm packages as the package-lock.json of a folder pins them; do nothing if they are there.

    python -m tools.setup.npm tests/azurite tests/infra/kusto

Without a Node.js that is new enough, the one of requirements-node.txt is installed into .venv.
"""

import argparse
import hashlib
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.node import MAJOR_MIN, Node

INSTALL_SECONDS_MAX: Final = 600
NODE_REQUIREMENTS: Final = Path(__file__).resolve().parents[2] / "requirements-node.txt"


def main() -> None:
    """Exit with a message that says what is missing when something cannot be installed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.setup.npm",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="+", help="holds package.json and its lock file")
    node = Node.find() or _install_node()
    for folder in parser.parse_args().folder:
        if not _is_installed(folder):
            print(f"Installing what {folder}/package-lock.json names ...", file=sys.stderr)
            _install(folder, node)


def _stamp(folder: Path) -> Path:
    return folder / "node_modules" / ".installed"


def _fingerprint(folder: Path) -> str:
    return hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()


def _is_installed(folder: Path) -> bool:
    stamp = _stamp(folder)
    return stamp.is_file() and stamp.read_text() == _fingerprint(folder)


def _install_node() -> Node:
    print(f"Installing Node.js into .venv: PATH has none from {MAJOR_MIN} on ...", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    _run([*pip, "-r", str(NODE_REQUIREMENTS)], "pip could not install Node.js")
    importlib.invalidate_caches()
    node = Node.find()
    if node is None:
        sys.exit(f"Node.js {MAJOR_MIN} or newer is needed: install it and put it on PATH.")
    return node


def _install(folder: Path, node: Node) -> None:
    # npm's own scripts start `node` by name.
    path = os.pathsep.join([str(node.node.parent), os.environ.get("PATH", "")])
    _run(
        [*node.npm_command(), "ci", "--loglevel=error"],
        f"npm could not install what {folder}/package-lock.json names",
        cwd=folder,
        env={**os.environ, "PATH": path},
    )
    _stamp(folder).write_text(_fingerprint(folder))


def _run(
    command: list[str],
    failure: str,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> None:
    try:
        subprocess.run(command, cwd=cwd, env=env, check=True, timeout=INSTALL_SECONDS_MAX)
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"{failure}: {error}")


if __name__ == "__main__":
    main()
