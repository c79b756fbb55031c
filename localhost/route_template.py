"""One ASP.NET Core route template, compiled: `projects/{projectId:int}/items/{id?}`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from localhost.route_constraints import Constraint, constraint_of

_LITERAL, _CONSTRAINED, _PARAMETER, _CONSTRAINED_CATCH_ALL, _CATCH_ALL = range(1, 6)
"""Precedence of a segment, the lowest first: ASP.NET Core's RoutePrecedence.ComputeInbound."""

_NAME_DOT_EXTENSION: Final = 3
_NAME: Final = re.compile(r"(\*{0,2})([^\s/{}?*:=()]+)")


@dataclass(frozen=True, slots=True)
class RouteTemplate:
    """Matches a decoded path without leading or trailing slash."""

    text: str
    leading: str
    """Its literal segments up to the first parameter, in lower case, joined by slashes."""
    precedence: tuple[int, ...]
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    constraints: tuple[tuple[str, Constraint], ...]
    defaults: Mapping[str, str]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the route values, with the case they were sent in, or None.

        An absent optional value has no key; an absent one with a default has the default.
        """
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values = dict(self.defaults)
        for index, name in enumerate(self.names, start=1):
            if value := found[index]:
                values[name] = value
        for name, holds in self.constraints:
            if name in values and not holds(values[name]):
                return None
        return values


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    catch_all: bool
    optional: bool
    default: str | None
    constraints: tuple[str, ...]


def compile_template(text: str) -> RouteTemplate:
    """Compile a template. Raises ValueError when it is none, saying why."""
    segments = [list(_parts(segment)) for segment in _segments(text.strip("/")) if segment]
    parameters = [part for parts in segments for part in parts if isinstance(part, _Parameter)]
    _check(text, segments, parameters)
    return RouteTemplate(
        text=text.strip("/"),
        leading=_leading(segments),
        precedence=tuple(_precedence(parts) for parts in segments),
        pattern=re.compile(_pattern(segments), re.IGNORECASE),
        names=tuple(parameter.name for parameter in parameters),
        constraints=tuple(
            (parameter.name, constraint_of(item))
            for parameter in parameters
            for item in parameter.constraints
        ),
        defaults={item.name: item.default for item in parameters if item.default is not None},
    )


def _segments(text: str) -> Iterator[str]:
    """Split at slashes that are not inside a parameter (a regex may hold one)."""
    start = depth = 0
    for position, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "/" and not depth:
            yield text[start:position]
            start = position + 1
    if depth:
        raise ValueError(f"route {text!r}: braces do not match")
    yield text[start:]


def _parts(segment: str) -> Iterator[str | _Parameter]:
    """Split a segment into literal texts and parameters; a doubled brace stands for itself."""
    literal, position = "", 0
    while position < len(segment):
        character = segment[position]
        if segment[position : position + 2] in {"{{", "}}"}:
            literal += character
            position += 2
        elif character == "{":
            if literal:
                yield literal
            end = _closing(segment, position)
            yield _parameter(segment[position + 1 : end])
            literal, position = "", end + 1
        else:
            literal += character
            position += 1
    if literal:
        yield literal


def _closing(segment: str, start: int) -> int:
    position = start + 1
    while position < len(segment):
        if segment[position : position + 2] in {"{{", "}}"}:
            position += 2
        elif segment[position] == "}":
            return position
        else:
            position += 1
    raise ValueError(f"route segment {segment!r}: braces do not match")


def _parameter(text: str) -> _Parameter:
    match = _NAME.match(text)
    if match is None:
        raise ValueError(f"{{{text}}} is no route parameter")
    rest = text[match.end() :].replace("{{", "{").replace("}}", "}")
    pieces = list(_constraints(rest))
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
    return _Parameter(match[2], bool(match[1]), optional, default, tuple(filter(None, pieces)))


def _constraints(text: str) -> Iterator[str]:
    """Split `:int:min(1)` at colons outside brackets."""
    if not text.startswith(":"):
        return
    start, depth = 1, 0
    for position, character in enumerate(text[1:], start=1):
        depth += (character == "(") - (character == ")")
        if character == ":" and not depth:
            yield text[start:position]
            start = position + 1
    yield text[start:]


def _check(text: str, segments: list[list[str | _Parameter]], parameters: list[_Parameter]) -> None:
    names = [parameter.name.lower() for parameter in parameters]
    if len(set(names)) != len(names):
        raise ValueError(f"route {text!r}: a parameter name appears twice")
    for parts in segments[:-1]:
        for part in parts:
            if isinstance(part, _Parameter) and (part.catch_all or part.optional):
                raise ValueError(f"route {text!r}: only the last segment may be {part.name!r}")
    for parts in segments:
        if len(parts) > 1 and any(
            isinstance(part, _Parameter) and part.catch_all for part in parts
        ):
            raise ValueError(f"route {text!r}: a catch-all must be a segment of its own")


def _leading(segments: list[list[str | _Parameter]]) -> str:
    literals = []
    for parts in segments:
        if any(isinstance(part, _Parameter) for part in parts):
            break
        literals.append("".join(map(str, parts)).lower())
    return "/".join(literals)


def _precedence(parts: list[str | _Parameter]) -> int:
    first = parts[0]
    if len(parts) > 1:
        return _CONSTRAINED  # a segment of several parts ranks as a constrained parameter
    if not isinstance(first, _Parameter):
        return _LITERAL
    if first.catch_all:
        return _CONSTRAINED_CATCH_ALL if first.constraints else _CATCH_ALL
    return _CONSTRAINED if first.constraints else _PARAMETER


def _pattern(segments: list[list[str | _Parameter]]) -> str:
    pattern, may_end = "", True
    for index in reversed(range(len(segments))):
        parts, slash = segments[index], "/" if index else ""
        only = parts[0]
        if len(parts) == 1 and isinstance(only, _Parameter):
            may_end = may_end and _may_be_absent(only)
            pattern = _segment_pattern(only, slash, pattern, may_end=may_end)
        else:
            may_end = False
            pattern = slash + _complex_pattern(parts) + pattern
    return pattern


def _may_be_absent(parameter: _Parameter) -> bool:
    return parameter.catch_all or parameter.optional or parameter.default is not None


def _segment_pattern(parameter: _Parameter, slash: str, rest: str, *, may_end: bool) -> str:
    value = "(.*)" if parameter.catch_all else "([^/]+)"
    # Only a tail may be left out: a default in the middle still needs its segment.
    return f"(?:{slash}{value}{rest})?" if may_end else slash + value + rest


def _complex_pattern(parts: list[str | _Parameter]) -> str:
    last = parts[-1]
    if not (isinstance(last, _Parameter) and last.optional):
        return "".join(map(_part_pattern, parts))
    # `{name}.{extension?}`: the full stop goes with the extension, split at the last one.
    if len(parts) < _NAME_DOT_EXTENSION or parts[-2] != ".":
        raise ValueError(f"only a full stop may precede the optional {last.name!r} in a segment")
    before = "".join(map(_part_pattern, parts[:-2]))
    return before.replace("([^/]+)", "([^/]+?)") + r"(?:\.([^/.]+))?"


def _part_pattern(part: str | _Parameter) -> str:
    return re.escape(part) if isinstance(part, str) else "([^/]+)"
