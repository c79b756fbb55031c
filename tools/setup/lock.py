"""Pin what requirements*.in name, and all that it brings along, by version and hash.

    python -m tools.setup.lock               # keeps the versions that are pinned already
    python -m tools.setup.lock --upgrade     # takes the newest that fit

Each file holds what the one before it does not: requirements-dev.txt begins with
`-r requirements-localhost.txt`, and that one with `-r requirements.txt`; what is installed by itself
has a file of its own. They are for every version of Python from 3.11 on and for every system, so Azure
installs the first as it is. Asks PyPI.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
NAMES: Final = ("requirements", "requirements-localhost", "requirements-dev")
ALONE: Final = ("requirements-node", "requirements-java", "requirements-audit")
"""Each is installed by itself."""
OVER: Final = "requirements-sdk2"
"""Installed over all of NAMES, for Python 3.13 on: what it has in another version is replaced."""
UV: Final = "uv==0.13.9"
PYTHON: Final = "3.11"
PYTHON_OVER: Final = "3.13"
BLOCK: Final = re.compile(r"^[A-Za-z][^\n]*\\\n(?:    --hash=[^\n]*\n?)+", re.MULTILINE)
"""One package: its version, and a hash for each of its files."""
CONFIGURED: Final = ("PIP_", "UV_")


def main() -> int:
    """Write the files."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.setup.lock",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        uv = _install_uv(Path(folder))
        before: list[str] = []
        for place, name in enumerate(NAMES):
            pinned = _compile(uv, name, Path(folder), upgrade=arguments.upgrade)
            new = [each for each in pinned if _version(each) not in before]
            _write(name, NAMES[place - 1] if place else "", new)
            before = [_version(each) for each in pinned]
        for name in ALONE:
            _write(name, "", _compile(uv, name, Path(folder), upgrade=arguments.upgrade))
        pinned = _compile(uv, OVER, Path(folder), upgrade=arguments.upgrade)
        _write(OVER, "", [each for each in pinned if _version(each) not in before])
    return 0


def _install_uv(folder: Path) -> Path:
    venv.create(folder / "uv", with_pip=True)
    programs = folder / "uv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [
        str(programs / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, UV], check=True)
    return programs / "uv"


def _compile(uv: Path, name: str, folder: Path, *, upgrade: bool) -> list[str]:
    """Return one block for each package that a file and those it begins with need."""
    out = folder / f"{name}.txt"
    if not upgrade:
        known = NAMES[: NAMES.index(name) + 1] if name in NAMES else (name,)
        known = (name, *NAMES) if name == OVER else known
        out.write_text("".join(_blocks(known)), encoding="utf-8")
    python = PYTHON_OVER if name == OVER else PYTHON
    options = ["--universal", "--python-version", python, "--generate-hashes", "--no-annotate"]
    # What this machine is set to, wheels of its own say, must not get into the files.
    environ = {key: text for key, text in os.environ.items() if not key.startswith(CONFIGURED)}
    subprocess.run(
        [
            uv,
            "pip",
            "compile",
            *options,
            "--no-header",
            "--quiet",
            f"{name}.in",
            "--output-file",
            out,
        ],
        cwd=ROOT,
        env=environ,
        check=True,
    )
    return BLOCK.findall(out.read_text(encoding="utf-8") + "\n")


def _blocks(names: Sequence[str]) -> list[str]:
    paths = [ROOT / f"{name}.txt" for name in names]
    return [each for path in paths if path.exists() for each in BLOCK.findall(path.read_text())]


def _version(block: str) -> str:
    """Return what a block pins, `cffi==2.0.0`, without where: a later file may only say it wider,
    for systems (PyPy on Windows) that the app is not for.
    """
    return re.split(r"[ ;\\]", block, maxsplit=1)[0]


def _write(name: str, base: str, blocks: Sequence[str]) -> None:
    head = f"# Made of {name}.in: python -m tools.setup.lock\n"
    first = f"-r {base}.txt\n" if base else ""
    (ROOT / f"{name}.txt").write_text(head + first + "".join(blocks), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
