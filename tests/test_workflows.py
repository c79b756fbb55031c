"""Workflows run pinned actions, with as few rights as they can."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parent.parent
FILES: Final = sorted((ROOT / ".github/workflows").glob("*.yml"))
COMMIT: Final = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def content(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@each_file
def test_action_is_pinned_by_commit_or_says_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    uses = [place for place, line in enumerate(lines) if re.search(r"\buses: ", line)]
    assert uses
    for place in uses:
        action = lines[place].partition("uses: ")[2]
        said = lines[place - 1].strip().startswith("#")
        assert COMMIT.fullmatch(action) or said, action


def test_one_action_has_one_commit_everywhere() -> None:
    pinned: dict[str, set[str]] = {}
    for path in FILES:
        for name, rest in re.findall(r"uses: ([\w./-]+)@(.*)", path.read_text(encoding="utf-8")):
            pinned.setdefault(name, set()).add(rest)
    assert {name for name, found in pinned.items() if len(found) > 1} == set()


@each_file
def test_workflow_may_read_and_at_most_sign_in(path: Path) -> None:
    permissions = content(path)["permissions"]
    assert permissions["contents"] == "read"
    assert permissions.keys() <= {"contents", "id-token"}
    text = path.read_text(encoding="utf-8")
    assert "  pull_request:\n" not in text or permissions.keys() == {"contents"}
    assert "pull_request_target" not in text


@each_file
def test_no_workflow_uses_a_secret(path: Path) -> None:
    assert "secrets." not in path.read_text(encoding="utf-8")


@each_file
def test_every_job_ends(path: Path) -> None:
    assert all(job["timeout-minutes"] <= 120 for job in content(path)["jobs"].values())


@each_file
def test_packages_are_installed_by_hash(path: Path) -> None:
    for line in re.findall(r"pip install .*", path.read_text(encoding="utf-8")):
        assert "--require-hashes" in line, line


@each_file
def test_verb_of_the_makefile_that_a_job_runs_is_there(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    for verbs in re.findall(
        r"run: make ([\w -]+)$", path.read_text(encoding="utf-8"), re.MULTILINE
    ):
        assert set(verbs.split()) <= targets
