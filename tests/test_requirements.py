"""Every package is pinned by version and hash, and is there because a requirements*.in asks for it."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from tools.setup.lock import ALONE, NAMES, OVER

ROOT: Final = Path(__file__).parent.parent
FILES: Final = (*NAMES, *ALONE, OVER)

each_file = pytest.mark.parametrize("name", FILES)


def pinned(name: str) -> dict[str, list[str]]:
    """Return the hashes of each requirement: its name, version and marker."""
    found: dict[str, list[str]] = {}
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith(("#", "-r ")):
            requirement, *hashes = line.split(" --hash=")
            found[requirement.strip()] = [each.strip() for each in hashes]
    return found


def normal(requirement: str) -> str:
    package, _, rest = requirement.partition("==")
    return f"{re.sub(r'[-_.]+', '-', package).lower()}=={rest.partition(';')[0].strip()}"


@each_file
def test_every_requirement_has_hashes(name: str) -> None:
    assert pinned(name)
    for requirement, hashes in pinned(name).items():
        assert re.match(r"[\w.-]+==[\w.]+", requirement), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@each_file
def test_what_is_asked_for_is_pinned_to_that_version(name: str) -> None:
    source = (ROOT / f"{name}.in").read_text(encoding="utf-8")
    asked = {normal(each) for each in re.findall(r"^[\w.-]+==[^#\n]+", source, re.MULTILINE)}
    before = NAMES[: NAMES.index(name) + 1] if name in NAMES else (name,)
    assert asked <= {normal(each) for file in before for each in pinned(file)}


def test_each_file_holds_only_what_the_one_before_does_not() -> None:
    all_of_them = [normal(each) for name in NAMES for each in pinned(name)]
    assert len(all_of_them) == len(set(all_of_them))


def test_files_begin_with_each_other() -> None:
    for before, name in pairwise(NAMES):
        assert f"\n-r {before}.txt\n" in (ROOT / f"{name}.txt").read_text(encoding="utf-8")


@each_file
def test_file_names_no_index(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"--(?:extra-)?index-url|--find-links|https?://", text)
