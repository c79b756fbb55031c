"""What the documents point to is there: files, headings, tests, mutants, properties."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.mutants.patches import read_all

ROOT = Path(__file__).parent.parent
GUARANTEES = ROOT / "docs" / "use" / "guarantees.md"

FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\[\]]*\]\(<?([^()<>\s]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)

TEST = re.compile(r"tests/[\w/]+\.py::\w+")
PROPERTY = re.compile(r"model/\w+\.tla::\w+")
MUTANT = re.compile(r"`mutant: ([^`]+)`")


def documents() -> list[str]:
    found = [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
        *(path for name in ("bench", "examples", "model") for path in (ROOT / name).glob("*.md")),
    ]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def prose(path: Path) -> str:
    """The text without code, in which brackets are no links."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(prose(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def broken(path: Path) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", prose(path))):
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = unquote(target).partition("#")
        found = path.parent / name if name else path
        if not found.resolve().is_relative_to(ROOT) or not found.exists():
            yield f"{target}: there is no such file"
        elif anchor and anchor not in anchors(found):
            yield f"{target}: there is no such heading"


def functions(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("document", documents())
def test_every_link_leads_somewhere(document: str) -> None:
    assert list(broken(ROOT / document)) == []


def test_link_that_leads_nowhere_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "# One `two`: three\n[a](#one-two-three) [b](#four) [c](page.md#one-two-three)"
        " [`d`](none.md) [e](../x.md) [f](https://localhost/none) `[g](none.md)`\n"
        "```\n# not a heading\n[h](none.md)\n```\n[i](page.md#not-a-heading)\n"
    )
    assert [each.partition(":")[0] for each in broken(page)] == [
        *("#four", "none.md", "../x.md", "page.md#not-a-heading"),
    ]


def test_every_test_that_a_guarantee_names_is_there() -> None:
    named = set(TEST.findall(GUARANTEES.read_text(encoding="utf-8")))
    assert len(named) > 30
    missing = {
        each for each in named if each.split("::")[1] not in functions(ROOT / each.split("::")[0])
    }
    assert missing == set()


def test_every_mutant_is_named_by_the_guarantee_that_it_breaks() -> None:
    named = set(MUTANT.findall(GUARANTEES.read_text(encoding="utf-8")))
    assert named == set(read_all()), "every mutant breaks a promise, and every promise is written"


def test_every_property_that_a_guarantee_names_is_there() -> None:
    named = set(PROPERTY.findall(GUARANTEES.read_text(encoding="utf-8")))
    assert named
    for each in named:
        file, name = each.split("::")
        definitions = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^{name}\s*==", definitions, re.MULTILINE), each


def test_guarantees_say_where_they_end() -> None:
    assert "where-it-ends" in anchors(GUARANTEES)
