"""The names of tests are read in reports: condition, then outcome, in one line of 60 characters."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LENGTH_MAX = 60


def long_names(path: Path) -> Iterator[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    for each in (n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)):
        if each.name.startswith("test") and len(each.name) > LENGTH_MAX:
            yield f"{path}:{each.lineno}: {each.name}"


def test_names_of_tests_have_at_most_60_characters() -> None:
    rooms = [each for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".")]
    tests = [path for room in rooms for path in room.rglob("test_*.py")]
    assert len(tests) > 100
    assert [name for path in tests for name in long_names(path)] == []


def test_long_name_is_reported_with_its_line(tmp_path: Path) -> None:
    short, long = "test_" + 55 * "a", "test_" + 56 * "b"
    file = tmp_path / "test_some.py"
    file.write_text(f"def {short}(): ...\nclass C:\n    async def {long}(self): ...\n")
    assert list(long_names(file)) == [f"{file}:3: {long}"]
