"""Reads as much of Bicep as the checks of infra/ need, so that they run without the Bicep CLI.

It knows declarations, their decorators and the braces they end with. It is no compiler: types,
functions and names of properties are for `bicep build`, which CI runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

INFRA: Final = Path(__file__).parents[2] / "infra"

_TOKEN = re.compile(r"'''.*?'''|'(?:\\.|[^'\\\n])*'|//[^\n]*|/\*.*?\*/|[\[\](){}]", re.DOTALL)
_DECLARATION = re.compile(
    r"^(?P<kind>param|var|resource|module|output) (?P<name>\w+)"
    r"(?: '(?P<target>[^']+)')?(?: (?P<type>\w+))?",
)
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A `param`, `var`, `resource`, `module` or `output` at the outermost level of a file."""

    kind: str
    name: str
    target: str
    """Of a resource, type and API version; of a module, its path as written."""
    text: str
    """From the keyword to the end, without comments."""
    decorators: str

    @property
    def existing(self) -> bool:
        """Whether a resource is only referred to."""
        return self.kind == "resource" and bool(re.match(r"[^=\n]* existing =", self.text))

    @property
    def default(self) -> str | None:
        """Of a parameter, what stands after the equals sign."""
        parts = self.text.split(" = ", 1)
        return parts[1].strip() if len(parts) > 1 else None


@dataclass(frozen=True, slots=True)
class Template:
    """One file."""

    path: Path
    text: str
    """Without comments."""
    declarations: tuple[Declaration, ...]

    def of(self, kind: str) -> dict[str, Declaration]:
        """Return the declarations of a kind by name."""
        return {each.name: each for each in self.declarations if each.kind == kind}

    def object_keys(self, variable: str) -> set[str]:
        """Return the names of the properties in the objects of a variable."""
        return set(re.findall(r"^\s+(\w+): ", self.of("var")[variable].text, re.MULTILINE))


@cache
def read(path: Path) -> Template:
    """Raise ValueError when brackets or quotes do not match, or a line belongs to nothing."""
    text = without_comments(path.read_text(encoding="utf-8"))
    return Template(path, text, tuple(_declarations(text, path)))


def templates() -> list[Template]:
    """Return all files of infra/."""
    return [read(path) for path in sorted(INFRA.rglob("*.bicep"))]


def without_comments(text: str) -> str:
    """Take the comments out; what looks like one inside a string stays."""
    return _TOKEN.sub(lambda found: "" if found[0].startswith(("//", "/*")) else found[0], text)


def _declarations(text: str, path: Path) -> Iterator[Declaration]:
    decorators = ""
    for statement in _statements(text, path):
        if statement.startswith("@"):
            decorators += statement
        elif found := _DECLARATION.match(statement):
            yield Declaration(
                found["kind"], found["name"], found["target"] or "", statement, decorators
            )
            decorators = ""
        elif not statement.startswith("targetScope = "):
            raise ValueError(f"{path.name}: cannot read {statement[:60]!r}")


def _statements(text: str, path: Path) -> Iterator[str]:
    """Cut the text at line ends outside of all brackets; a line that goes on is indented."""
    lines: list[str] = []
    open_brackets: list[str] = []
    for line in text.splitlines():
        if line.strip() and not open_brackets and not line.startswith(" ") and lines:
            yield "\n".join(lines)
            lines = []
        if line.strip():
            lines.append(line)
        _balance(line, open_brackets, path)
    if open_brackets:
        raise ValueError(f"{path.name}: {open_brackets} not closed")
    if lines:
        yield "\n".join(lines)


def _balance(line: str, open_brackets: list[str], path: Path) -> None:
    if _TOKEN.sub("", line).count("'"):
        raise ValueError(f"{path.name}: a quote without its other in {line!r}")
    for token in _TOKEN.findall(line):
        if token in "([{":
            open_brackets.append(token)
        elif token in ")]}" and (not open_brackets or open_brackets.pop() != _CLOSING[token]):
            raise ValueError(f"{path.name}: {token} without its other in {line!r}")
