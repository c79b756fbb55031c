"""Which files are published, by the rules of the two tools that publish."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pathspec

ALWAYS_IGNORED: Final = {".funcignore", ".gitignore", "local.settings.json", "project.lock.json"}
"""Core Tools leaves these out, wherever they are, and the folders .git and .vscode."""


def by_core_tools(lines: Iterable[str], paths: Iterable[str]) -> set[str]:
    """Return what `func azure functionapp publish` uploads.

    Its rules, as of version 4: comments and empty lines aside, every line is a regular expression that has
    to match the beginning of the path. A path that a line with `!` matches is uploaded, in whatever
    order; else it is if no other line matches.
    """
    kept: list[str] = []
    ignored: list[str] = []
    for line in (each.strip() for each in lines):
        if line and not line.startswith("#"):
            (kept if line.startswith("!") else ignored).append(line.removeprefix("!"))
    keep, ignore = _beginning(kept), _beginning(ignored)
    return {
        path
        for path in paths
        if path.rpartition("/")[2] not in ALWAYS_IGNORED
        and not {".git", ".vscode"} & set(path.split("/"))
        and (keep.match(path) or not ignore.match(path))
    }


def _beginning(patterns: Sequence[str]) -> re.Pattern[str]:
    """Return what matches paths that begin as one of the patterns says."""
    translated = [_translated(each.removeprefix("/")) for each in patterns]
    return re.compile("|".join(f"(?:{each})" for each in translated) or "$^", re.ASCII)


def _translated(pattern: str) -> str:
    escaped = re.sub(r"[-\[\]/{}()+?.\\^$|]", r"\\\g<0>", pattern)
    return escaped.replace("**", "(.+)").replace("*", r"([^/]+)")


def by_azd(lines: Iterable[str], paths: Iterable[str]) -> set[str]:
    """Return what `azd deploy` uploads: it reads the file as git reads a .gitignore."""
    spec = pathspec.GitIgnoreSpec.from_lines(lines)
    return {path for path in paths if not _is_ignored(spec, path)}


def _is_ignored(spec: pathspec.GitIgnoreSpec, path: str) -> bool:
    """Tell whether a file or one of its folders is ignored: what is in an ignored one cannot return."""
    parts = path.split("/")
    folders = ["/".join(parts[:count]) + "/" for count in range(1, len(parts))]
    return any(spec.match_file(each) for each in (*folders, path))


def files(root: Path) -> list[str]:
    """Return the paths of all files, but for the folders that are huge and never part of it."""
    huge = {".git", ".venv", "node_modules"}
    found = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return [path.as_posix() for path in found if not huge & set(path.parts)]
