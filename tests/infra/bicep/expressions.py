"""Evaluates expressions of Bicep."""

import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from tree_sitter import Node

from tests.infra.bicep.functions import FUNCTIONS, Unknown, load_text
from tests.infra.bicep.syntax import text

BINARY: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


class Member(Protocol):
    """A value with parts that are worked out when they are asked for."""

    def member(self, name: str) -> Any:
        """Return a part of it."""


class Scope:
    """Names and what they stand for, in a file, a loop or a lambda."""

    def __init__(self, folder: Path, look_up: Callable[[str], Any]) -> None:
        """Resolve names with `look_up`, which raises KeyError, and paths from `folder`."""
        self.folder = folder
        self.look_up = look_up

    def inside(self, names: Mapping[str, Any]) -> "Scope":
        """Return a scope that knows more names."""
        return Scope(self.folder, lambda name: names[name] if name in names else self.look_up(name))


def evaluate(node: Node, scope: Scope) -> Any:
    """Return the value of an expression. Raises KeyError for names that do not exist."""
    return _EVALUATED[node.type](node, scope)


def loop(node: Node, scope: Scope) -> list[tuple[Node, Scope]]:
    """Return the body of a loop with the scope of each round."""
    first, values, body = (each for each in node.named_children if each.type != "comment")
    names = [text(each) for each in first.named_children] or [text(first)]
    rounds = enumerate(evaluate(values, scope))
    return [
        (body, scope.inside(dict(zip(names, (each, place), strict=False))))
        for place, each in rounds
    ]


def properties(node: Node, scope: Scope) -> dict[str, Any]:
    """Return the properties of an object; resources nested in it are left out."""
    found: dict[str, Any] = {}
    for each in node.named_children:
        if each.type == "object_property" and len(each.named_children) > 1:
            name, value = each.named_children
            is_text = name.type == "string"
            found[_string(name, scope) if is_text else text(name)] = evaluate(value, scope)
    return found


def _string(node: Node, scope: Scope) -> str:
    parts = []
    for each in node.named_children:
        if each.type == "interpolation":
            parts.append(str(evaluate(each.named_children[0], scope)))
        elif each.type == "escape_sequence":
            parts.append(re.sub(r"^\\n$", "\n", text(each)).removeprefix("\\"))
        else:
            parts.append(text(each))
    return "".join(parts)


def _array(node: Node, scope: Scope) -> list[Any]:
    return [evaluate(each, scope) for each in node.named_children if each.type != "comment"]


def _call(node: Node, scope: Scope) -> Any:
    name, arguments = node.named_children
    values = [evaluate(each, scope) for each in arguments.named_children]
    if text(name) == "loadTextContent":
        return load_text(scope.folder, *values)
    return FUNCTIONS[text(name)](*values)


def _member(node: Node, scope: Scope) -> Any:
    name = text(node.named_children[-1])
    return _part(
        evaluate(node.named_children[0], scope),
        lambda value: value[name] if isinstance(value, Mapping) else value.member(name),
    )


def _subscript(node: Node, scope: Scope) -> Any:
    place = evaluate(node.named_children[1], scope)
    return _part(evaluate(node.named_children[0], scope), lambda value: value[place])


def _part(value: Any, take: Callable[[Any], Any]) -> Any:
    """Take a part of a value. The grammar reads `each => each.name` as `(each => each).name`."""
    return (lambda argument: take(value(argument))) if callable(value) else take(value)


def _ternary(node: Node, scope: Scope) -> Any:
    condition, yes, no = node.named_children
    return evaluate(yes if _truth(evaluate(condition, scope)) else no, scope)


def _binary(node: Node, scope: Scope) -> Any:
    left, right = node.named_children
    sign = node.children[1].type
    if sign == "&&":
        return _truth(evaluate(left, scope)) and _truth(evaluate(right, scope))
    if sign == "||":
        return _truth(evaluate(left, scope)) or _truth(evaluate(right, scope))
    return BINARY[sign](evaluate(left, scope), evaluate(right, scope))


def _truth(value: Any) -> bool:
    assert isinstance(value, bool), f"{value!r} is no bool"
    return value


def _unary(node: Node, scope: Scope) -> Any:
    value = evaluate(node.named_children[0], scope)
    return not _truth(value) if node.children[0].type == "!" else -value


def _lambda(node: Node, scope: Scope) -> Callable[[Any], Any]:
    name, body = node.named_children
    return lambda value: evaluate(body, scope.inside({text(name): value}))


def _loop(node: Node, scope: Scope) -> list[Any]:
    return [evaluate(body, inside) for body, inside in loop(node, scope)]


def _number(node: Node, scope: Scope) -> int:
    del scope
    return int(text(node))


_EVALUATED: Final[Mapping[str, Callable[[Node, Scope], Any]]] = {
    "array": _array,
    "binary_expression": _binary,
    "boolean": lambda node, _: text(node) == "true",
    "call_expression": _call,
    "for_statement": _loop,
    "identifier": lambda node, scope: scope.look_up(text(node)),
    "lambda_expression": _lambda,
    "member_expression": _member,
    "null": lambda *_: None,
    "number": _number,
    "object": properties,
    "parenthesized_expression": lambda node, scope: evaluate(node.named_children[0], scope),
    "string": _string,
    "subscript_expression": _subscript,
    "ternary_expression": _ternary,
    "unary_expression": _unary,
}

__all__ = ["Member", "Scope", "Unknown", "evaluate", "loop", "properties"]
