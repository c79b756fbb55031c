"""One ASP.NET Core route template, compiled: `projects/{projectId:int}/items/{id?}`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from localhost.route_constraints import Constraint, constraint_of

_NAME_DOT_EXTENSION: Final = 3
_PIECE: Final = re.compile(r"\{\{|\}\}|\{((?:\{\{|\}\}|[^}])*+)\}|.", re.DOTALL)
"""A doubled brace, a parameter, or one character."""
_NAME: Final = re.compile(r"(\*{0,2})([^\s/{}?*:=()]+)")


@dataclass(frozen=True, slots=True)
class RouteTemplate:
    """Matches a decoded path without its leading slash."""

    text: str
    pattern: re.Pattern[str]
    parameters: tuple["Parameter", ...]
    """In the order of the groups of the pattern."""

    def match(self, path: str) -> dict[str, str] | None:
        """Return the route values, with the case they were sent in, or None.

        An absent optional value has no key; an absent one with a default has the default.
        """
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values: dict[str, str] = {}
        for parameter, value in zip(self.parameters, found.groups(), strict=True):
            text = value or parameter.default
            if not parameter.accepts(text):
                return None
            if text is not None:
                values[parameter.name] = text
        return values


@dataclass(frozen=True, slots=True)
class Parameter:
    """`{*name:constraint?}` or `{name=default}`."""

    name: str
    catch_all: bool
    optional: bool
    default: str | None
    constraints: tuple[Constraint, ...]

    @property
    def may_be_absent(self) -> bool:
        """Whether a path may end before it."""
        return self.catch_all or self.optional or self.default is not None

    def accepts(self, value: str | None) -> bool:
        """Whether its constraints hold; for an absent value only an optional one's do."""
        if value is None:
            return self.optional or not self.constraints
        return all(holds(value) for holds in self.constraints)


def compile_template(text: str) -> RouteTemplate:
    """Compile a template. Raises ValueError when it is none, saying why."""
    if text.count("{") != text.count("}"):
        raise ValueError(f"route {text!r}: braces do not match")
    segments = [list(_parts(piece)) for piece in _split(text.strip("/"), "/", "{}") if piece]
    parameters = [part for parts in segments for part in parts if isinstance(part, Parameter)]
    _check(text, segments, parameters)
    pattern = re.compile(_pattern(segments), re.IGNORECASE | re.DOTALL)
    return RouteTemplate(text.strip("/"), pattern, tuple(parameters))


def _split(text: str, separator: str, brackets: str) -> list[str]:
    """Split at separators that are not inside brackets: a regular expression may hold some."""
    pieces, depth = [""], 0
    for character in text:
        depth += (character == brackets[0]) - (character == brackets[1])
        if character == separator and not depth:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _parts(segment: str) -> Iterator[str | Parameter]:
    """Split a segment into literal texts and parameters; a doubled brace stands for itself."""
    literal = ""
    for piece in _PIECE.finditer(segment):
        if piece[0] == "{":
            raise ValueError(f"route segment {segment!r}: braces do not match")
        if piece[1] is None:
            literal += piece[0][0]
            continue
        if literal:
            yield literal
        literal = ""
        yield _parameter(piece[1])
    if literal:
        yield literal


def _parameter(text: str) -> Parameter:
    match = _NAME.match(text)
    if match is None:
        raise ValueError(f"{{{text}}} is no route parameter")
    rest = text[match.end() :].replace("{{", "{").replace("}}", "}")
    pieces = _split(rest[1:], ":", "()") if rest.startswith(":") else []
    default: str | None = None
    last = pieces[-1] if pieces else rest
    if "=" in last and not last.startswith("regex("):
        last, _, default = last.partition("=")
    optional = default is None and last.endswith("?")
    last = last.removesuffix("?") if optional else last
    if pieces:
        pieces[-1] = last
    elif last:
        raise ValueError(f"{{{text}}} is no route parameter")
    constraints = tuple(constraint_of(piece) for piece in pieces if piece)
    return Parameter(match[2], bool(match[1]), optional, default, constraints)


def _check(text: str, segments: list[list[str | Parameter]], parameters: list[Parameter]) -> None:
    names = [parameter.name.lower() for parameter in parameters]
    if len(set(names)) != len(names):
        raise ValueError(f"route {text!r}: a parameter name appears twice")
    for parts in segments[:-1]:
        for part in parts:
            if isinstance(part, Parameter) and (part.catch_all or part.optional):
                raise ValueError(f"route {text!r}: only the last segment may be {part.name!r}")
    for parts in segments:
        if len(parts) > 1 and any(isinstance(part, Parameter) and part.catch_all for part in parts):
            raise ValueError(f"route {text!r}: a catch-all must be a segment of its own")


def _pattern(segments: list[list[str | Parameter]]) -> str:
    """Return the pattern of a whole path; one slash at its end makes no difference."""
    pattern, may_end = "/?", True
    for index in reversed(range(len(segments))):
        parts, slash = segments[index], "/" if index else ""
        only = parts[0]
        if len(parts) == 1 and isinstance(only, Parameter):
            may_end = may_end and only.may_be_absent
            pattern = _segment_pattern(only, slash, pattern, may_end=may_end)
        else:
            may_end = False
            pattern = slash + _complex_pattern(parts) + pattern
    return pattern


def _segment_pattern(parameter: Parameter, slash: str, rest: str, *, may_end: bool) -> str:
    if parameter.catch_all:
        # Takes everything, slashes at the end too, but does not begin with an empty segment.
        return f"(?:{slash}([^/].*)?)?"
    value = f"{slash}([^/]+){rest}"
    # Only a tail may be left out: a default in the middle still needs its segment.
    return f"(?:{value}|/?)" if may_end else value


def _complex_pattern(parts: list[str | Parameter]) -> str:
    last = parts[-1]
    if not (isinstance(last, Parameter) and last.optional):
        return "".join(map(_part_pattern, parts))
    # `{name}.{extension?}`: the full stop goes with the extension, split at the last one.
    if len(parts) < _NAME_DOT_EXTENSION or parts[-2] != ".":
        raise ValueError(f"only a full stop may precede the optional {last.name!r} in a segment")
    before = "".join(map(_part_pattern, parts[:-2]))
    return before.replace("([^/]+)", "([^/]+?)") + r"(?:\.([^/.]+|\.)|(?<!\.))"


def _part_pattern(part: str | Parameter) -> str:
    return re.escape(part) if isinstance(part, str) else "([^/]+)"
