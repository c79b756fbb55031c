"""Find a Chromium and its driver for `make browser`; install Debian's where there is none.

    python -m tools.setup.chromium

CHROMIUM and CHROMEDRIVER name others. Exit codes: 0 they are there; 1 they are not, and why.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
DRIVERS: Final = ("chromedriver", "chromium-driver")

PACKAGES: Final = ("chromium", "chromium-driver")

Which = Callable[[str], str | None]


class NoChromium(Exception):
    """There is none, and why it cannot be installed."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """The two programs."""

    browser: str
    driver: str


def find(environ: Mapping[str, str] = os.environ, which: Which = shutil.which) -> Chromium | None:
    """Return what the environment names, else what is on PATH, else None."""
    browser = environ.get("CHROMIUM") or next(filter(None, map(which, BROWSERS)), None)
    driver = environ.get("CHROMEDRIVER") or next(filter(None, map(which, DRIVERS)), None)
    return Chromium(browser, driver) if browser and driver else None


def check_installable(which: Which, *, is_root: bool) -> None:
    """Raise NoChromium where Debian's packages cannot be installed."""
    if which("apt-get") is None:
        raise NoChromium(
            "There is no Chromium with its driver, and no apt-get to install them."
            " Name them: CHROMIUM=/path CHROMEDRIVER=/path make browser"
        )
    if not is_root:
        raise NoChromium(
            "There is no Chromium with its driver, and only root can install them:"
            f" sudo apt-get install {' '.join(PACKAGES)}"
        )


def install() -> Chromium:
    """Install Debian's packages. Raises NoChromium."""
    check_installable(shutil.which, is_root=os.geteuid() == 0)
    print(f"Installing {' and '.join(PACKAGES)} ...", file=sys.stderr)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", "--quiet", *command],  # noqa: S607 - of the system, wherever it is
            check=False,
            env=environ,
            stdout=subprocess.DEVNULL,
        )
        # An index that is old may do; a package that was not installed does not.
        if done.returncode and command[0] == "install":
            raise NoChromium(f"apt-get {command[0]} failed; its message is above.")
    found = find()
    if found is None:
        raise NoChromium("apt-get installed the packages, and they bring no Chromium and driver.")
    return found


def main() -> int:
    """Make sure that they are there."""
    try:
        if find() is None:
            install()
    except NoChromium as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
