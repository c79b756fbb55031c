"""The tutorial works as it is written: its commands are run, and answer what it shows."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = (".git", ".venv", ".data", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
PORT = "7071"


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(README.read_text()) if name == language]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository, as somebody has it who follows the tutorial."""
    folder = tmp_path / "app"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    (folder / ".data").mkdir()
    return folder


@pytest.mark.slow
def test_commands_answer_what_the_tutorial_shows(checkout: Path) -> None:
    stop = "trap 'kill -9 $host 2>/dev/null || true' EXIT\n"
    script = "set -eu\n" + stop + "".join(blocks("sh")).replace(PORT, str(free_port()))
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    printed = ran.stdout
    assert ran.returncode == 0, printed + ran.stderr + _log(checkout)
    for line in "".join(blocks("text")).splitlines():
        before, found, printed = printed.partition(line)
        assert found, f"{line}\nis not in\n{before}"


def _log(checkout: Path) -> str:
    log = checkout / "host.log"
    return log.read_text() if log.exists() else ""


def test_code_shown_is_the_code_there_is() -> None:
    folder = README.parent
    sources = "\n".join(path.read_text() for path in sorted(folder.rglob("*.py")))
    for block in blocks("python"):
        assert block.rstrip() in sources, block
