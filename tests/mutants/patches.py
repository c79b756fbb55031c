"""Mutants as they are written down: what is wrong, which test goes red, and a unified diff.

    What the mistake is, in a sentence or two.

    Breaks: the promise that does not hold any more.
    Caught by: tests/…::test_…
               tests/…::test_…

    --- a/store/sqlite.py
    +++ b/store/sqlite.py
    @@ -200,3 +200,2 @@
    …

`git apply` and `patch` read these files too. But they go by line numbers and take the nearest
place that fits, which with one line of context may be another function; and they need a program.
Here line numbers mean nothing: the lines of a hunk must occur exactly once in their file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent

CONTEXT_LINES_MAX: Final = 20

_CAUGHT_BY: Final = "Caught by:"
_BREAKS: Final = "Breaks:"
_FILE: Final = re.compile(r"--- a/(.+)\n")
_GIT: Final = ("diff --git ", "index ")
"""What `git diff` writes before the names of a file; neither is a line of a hunk."""
_NODE: Final = re.compile(r"tests/[\w/]+\.py::\w+(\[[^\]\s]+\])?")


class Malformed(Exception):
    """A patch that cannot be read, or does not fit the code."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of one file, and what the mutant has in their place. With line ends."""

    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake in the real code."""

    name: str
    header: str
    """All of the text before the diff."""
    caught_by: tuple[str, ...]
    """Node ids of tests, each of which must go red."""
    hunks: tuple[Hunk, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it changes."""
        return tuple(dict.fromkeys(each.path for each in self.hunks))


def read_all(folder: Path = FOLDER) -> dict[str, Mutant]:
    """Return the mutants by name. Raises Malformed."""
    return {path.stem: read(path) for path in sorted(folder.glob("*.patch"))}


def read(path: Path) -> Mutant:
    """Read one patch. Raises Malformed, naming the patch."""
    try:
        return _parsed(path.stem, path.read_text(encoding="utf-8"))
    except Malformed as error:
        raise Malformed(f"{path.name}: {error}") from error


def _parsed(name: str, text: str) -> Mutant:
    lines = text.splitlines(keepends=True)
    starts = (
        n for n, line in enumerate(lines) if line.startswith(_GIT[0]) or _FILE.fullmatch(line)
    )
    diff = next(starts, len(lines))
    header = "".join(lines[:diff])
    hunks = tuple(_hunks(lines[diff:]))
    mutant = Mutant(name, header, _caught_by(header), hunks)
    for missing, there in (
        ("a sentence", header.partition(_BREAKS)[0].strip()),
        (_BREAKS, _BREAKS in header),
        (_CAUGHT_BY, mutant.caught_by),
        ("a diff", hunks),
    ):
        if not there:
            raise Malformed(f"it has no {missing}")
    return mutant


def _caught_by(header: str) -> tuple[str, ...]:
    words = header.partition(_CAUGHT_BY)[2].split()
    wrong = [each for each in words if not _NODE.fullmatch(each)]
    if wrong:
        raise Malformed(f"no node id of a test: {wrong[0]}")
    return tuple(words)


def _hunks(lines: Sequence[str]) -> Iterator[Hunk]:
    path = ""
    body: list[str] = []
    for line in [*lines, "@@\n"]:
        if line.startswith(("@@", "--- a/")):
            if body:
                yield _hunk(path, body)
            body = []
        if found := _FILE.fullmatch(line):
            path = found[1]
        elif not line.startswith(("@@", "+++ b/", *_GIT)):
            body.append(line)


def _hunk(path: str, body: Sequence[str]) -> Hunk:
    if wrong := [line for line in body if line[0] not in " +-\n"]:
        raise Malformed(f"{path}: neither kept, removed nor added: {wrong[0]!r}")
    # Editors strip lines; an empty one is kept context.
    before = tuple(line[1:] or line for line in body if line[0] in " -\n")
    after = tuple(line[1:] or line for line in body if line[0] in " +\n")
    return Hunk(path, before, after)


def apply(mutant: Mutant, root: Path) -> None:
    """Put the mistake into the files below `root`. Raises Malformed when it does not fit."""
    for hunk in mutant.hunks:
        path = root / hunk.path
        if not path.is_file():
            raise Malformed(f"{mutant.name}: there is no {hunk.path}")
        changed = _changed(path.read_text(encoding="utf-8"), hunk, mutant.name)
        path.write_text(changed, encoding="utf-8")


def _changed(text: str, hunk: Hunk, name: str) -> str:
    lines, size = text.splitlines(keepends=True), len(hunk.before)
    places = [n for n in range(len(lines)) if tuple(lines[n : n + size]) == hunk.before]
    if len(places) != 1:
        what = "".join(hunk.before)
        raise Malformed(f"{name}: in {hunk.path} {len(places)} places instead of 1 have\n{what}")
    lines[places[0] : places[0] + size] = hunk.after
    return "".join(lines)


def diff(path: str, before: str, after: str) -> str:
    """Return a diff of one file with as little context as makes its hunks fit in one place."""
    for context in range(1, CONTEXT_LINES_MAX):
        text = "".join(_unified(path, before, after, context))
        try:
            changed = before
            for hunk in _hunks(text.splitlines(keepends=True)):
                changed = _changed(changed, hunk, path)
        except Malformed:
            continue
        if changed == after:
            return text
    raise Malformed(f"{path}: no context makes the change fit in one place only")


def _unified(path: str, before: str, after: str, context: int) -> Iterator[str]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in unified_diff(old, new, f"a/{path}", f"b/{path}", n=context):
        yield "\n" if line == " \n" else line


def refresh(mutant: Mutant, root: Path, folder: Path = FOLDER) -> None:
    """Write the patch again, with the line numbers and the context of today."""
    text = mutant.header
    for path in mutant.paths:
        before = after = (root / path).read_text(encoding="utf-8")
        for hunk in (each for each in mutant.hunks if each.path == path):
            after = _changed(after, hunk, mutant.name)
        text += diff(path, before, after)
    (folder / f"{mutant.name}.patch").write_text(text, encoding="utf-8")
