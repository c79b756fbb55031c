"""Files of Bicep as trees, and their declarations by kind and name."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

INFRA: Final = Path(__file__).parents[3] / "infra"

_PARSER: Final = Parser(Language(tree_sitter_bicep.language()))
_KINDS: Final = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
    "type_declaration": "type",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A `param`, `var`, `resource`, `module`, `output` or `type`."""

    kind: str
    name: str
    node: Node
    decorators: dict[str, Node]
    """Arguments by the names of the decorators."""

    @property
    def value(self) -> Node | None:
        """What stands behind the equals sign; None when there is none."""
        children = self.node.children
        equals = [place for place, each in enumerate(children) if each.type == "="]
        return children[equals[0] + 1] if equals else None

    @property
    def target(self) -> str:
        """Of a resource its type and API version, of a module its path."""
        return text(self.node.named_children[1])[1:-1]

    @property
    def existing(self) -> bool:
        """Whether a resource is only referred to."""
        return any(each.type == "existing" for each in self.node.children)


@dataclass(frozen=True, slots=True)
class File:
    """One file of Bicep."""

    path: Path
    root: Node
    declarations: tuple[Declaration, ...]

    def of(self, kind: str) -> dict[str, Declaration]:
        """Return the declarations of a kind by name."""
        return {each.name: each for each in self.declarations if each.kind == kind}


def text(node: Node) -> str:
    """Return the source of a node."""
    assert node.text is not None
    return node.text.decode()


def parse(source: str) -> Node:
    """Raise ValueError, with the line, for what is no Bicep."""
    root = _PARSER.parse(source.encode()).root_node
    if root.has_error:
        [line, *_] = [each.start_point.row + 1 for each in walk(root) if is_wrong(each)]
        raise ValueError(f"line {line} is no Bicep")
    return root


def is_wrong(node: Node) -> bool:
    """Tell whether the parser could make nothing of this, or misses something here."""
    return node.type == "ERROR" or node.is_missing


def walk(node: Node) -> Iterator[Node]:
    """Return a node and everything below it."""
    yield node
    for child in node.children:
        yield from walk(child)


@cache
def read(path: Path) -> File:
    """Raise ValueError, with name and line, for what is no Bicep."""
    try:
        root = parse(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    return File(path, root, tuple(declarations(root)))


def declarations(parent: Node) -> Iterator[Declaration]:
    """Return what a file, or the body of a resource, declares."""
    decorators: dict[str, Node] = {}
    for node in parent.named_children:
        each = node.named_children[0] if node.type == "object_property" else node
        if node.type == "decorators":
            calls = [decorator.named_children[0] for decorator in node.named_children]
            decorators = {text(call.named_children[0]): call.named_children[1] for call in calls}
        elif each.type in _KINDS:
            name = text(each.named_children[0])
            yield Declaration(_KINDS[each.type], name, each, decorators)
            decorators = {}


def files() -> list[File]:
    """Return all files of infra/ that declare resources."""
    return [read(path) for path in sorted(INFRA.rglob("*.bicep"))]
