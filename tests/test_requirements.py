"""A build of today and one of next year install the same packages."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path.name for path in ROOT.glob("requirements*.txt"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==[^\s;*]+(\s*;.*)?$")


def lines(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [bare for line in text.splitlines() if (bare := re.sub(r"(^|\s+)#.*", "", line))]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(name: str) -> set[str]:
    return {normal(match["name"]) for line in lines(name) if (match := PIN.match(line))}


def needed_by(name: str) -> set[str]:
    """Return what a package needs without extras, as far as it is installed here."""
    try:
        requires = distribution(name).requires or []
    except PackageNotFoundError:  # for another Python version or system
        return set()
    plain = (line for line in requires if "extra ==" not in line)
    found = {normal(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in plain}
    return {package for package in found if is_installed(package)}


def is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_a_pin_or_another_of_these_files(name: str) -> None:
    for line in lines(name):
        included = line.removeprefix("-r ")
        assert PIN.match(line) or included in FILES, line


@pytest.mark.parametrize("name", FILES)
def test_no_registry_is_named(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_what_azure_installs_is_pinned_to_the_last_package() -> None:
    listed = pinned("requirements.txt")
    assert set().union(*(needed_by(name) for name in listed)) <= listed


def test_what_the_tests_install_is_pinned_to_the_last_package() -> None:
    listed = pinned("requirements.txt") | pinned("requirements-localhost.txt")
    listed |= pinned("requirements-dev.txt")
    assert set().union(*(needed_by(name) for name in listed)) <= listed


def test_azure_installs_nothing_that_only_localhost_or_the_tests_need() -> None:
    only_here = pinned("requirements-localhost.txt") | pinned("requirements-dev.txt")
    assert not pinned("requirements.txt") & only_here
