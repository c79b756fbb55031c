"""Each folder of the code says in 20 lines what it promises, what it may import, where to begin."""

import re
from pathlib import Path

import pytest

from tests.test_imports import ENGINE, files, imports

ROOT = Path(__file__).parent.parent
LINES_MAX = 20
ROOMS = [each for each in ENGINE if not each.endswith(".py")]
MANUALS = {"bench", "examples", "localhost", "model", "workshop"}
"""Products and courses of their own; their README is for whoever uses them."""


def readme(room: str) -> str:
    return (ROOT / room / "README.md").read_text(encoding="utf-8")


def rooms() -> set[str]:
    """Folders of the clone, but for what git or this machine keeps there."""
    kept = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    folders = [each for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".")]
    return {e.name for e in folders if f"{e.name}/" not in kept and not (e / ".gitignore").exists()}


def test_every_room_has_a_readme() -> None:
    assert [room for room in sorted(rooms()) if not (ROOT / room / "README.md").is_file()] == []


@pytest.mark.parametrize("room", sorted(rooms() - MANUALS))
def test_readme_of_a_room_has_at_most_20_lines(room: str) -> None:
    assert len(readme(room).splitlines()) <= LINES_MAX


def test_readme_of_the_project_has_at_most_180_lines() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 180


@pytest.mark.parametrize("room", ROOMS)
def test_readme_says_where_to_begin(room: str) -> None:
    assert "Begin with" in readme(room)


@pytest.mark.parametrize("room", [each for each in ROOMS if each != "triggers"])
def test_readme_names_every_room_that_is_imported(room: str) -> None:
    said = re.search(r"May import: ([^.]*)", readme(room))
    assert said is not None
    allowed = {name.partition("/")[0] for name in re.findall(r"`([\w/]+)`", said[1])}
    tops = {name.partition(".")[0] for path in files(room) for name in imports(path)}
    assert (tops & set(ROOMS)) - {room} <= allowed
