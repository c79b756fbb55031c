"""Arrays, maps, values that may be missing, and values of any type."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from typing_extensions import override

from domain import text
from domain.invalid import Findings, below
from domain.shapes.port import NOTHING, Misfit, Shape
from domain.sizes import DEPTH_MAX, INTEGER_MAX
from domain.strict_json import RepeatedNames, kind


@dataclass(frozen=True, slots=True)
class Items(Shape):
    """A `tuple[T, ...]` or a `list[T]`."""

    item: Shape
    make: type[tuple[Any, ...]] | type[list[Any]]
    least: int = 0
    most: int | None = None

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        wrong = self._wrong(value, list)
        if wrong is not None:
            findings.add(at, wrong)
            return NOTHING
        values = []
        for place, each in enumerate(value):
            if findings.full:
                break
            values.append(self.item.read(each, f"{at}/{place}", findings))
        return self.make(values)

    @override
    def write(self, value: Any, at: str) -> Any:
        wrong = self._wrong(value, self.make)
        if wrong is not None:
            raise Misfit(f"{at} {wrong}")
        return [self.item.write(each, f"{at}/{place}") for place, each in enumerate(value)]

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array", "items": self.item.schema(asked=asked)}
        schema |= {"minItems": self.least} if self.least else {}
        return schema | ({} if self.most is None else {"maxItems": self.most})

    def _wrong(
        self, value: object, expected: type[tuple[Any, ...]] | type[list[Any]]
    ) -> str | None:
        if not isinstance(value, expected):
            return f"must be an array; it is {kind(value)}"
        return wrong_count(value, self.least, self.most, "items")


@dataclass(frozen=True, slots=True)
class Members(Shape):
    """A `dict[str, T]`; its members are kept in the order of their names."""

    value: Shape
    least: int = 0
    most: int | None = None

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        if not is_object(value, at, findings):
            return NOTHING
        wrong = wrong_count(value, self.least, self.most, "members")
        if wrong is not None:
            findings.add(at, wrong)
            return NOTHING
        members = {}
        for name in sorted(value):
            if findings.full:
                break
            if text.half_a_pair(name) is not None:
                findings.add(below(at, name), "must not hold half a surrogate pair in its name")
            members[name] = self.value.read(value[name], below(at, name), findings)
        return members

    @override
    def write(self, value: Any, at: str) -> Any:
        if not isinstance(value, Mapping) or not all(type(each) is str for each in value):
            raise Misfit(f"{at} must be an object with names that are text; it is {kind(value)}")
        wrong = wrong_count(value, self.least, self.most, "members")
        if wrong is not None:
            raise Misfit(f"{at} {wrong}")
        return {each: self.value.write(value[each], below(at, each)) for each in sorted(value)}

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object"}
        schema |= {"additionalProperties": self.value.schema(asked=asked)}
        schema |= {"minProperties": self.least} if self.least else {}
        return schema | ({} if self.most is None else {"maxProperties": self.most})


def wrong_count(value: Sized, least: int, most: int | None, what: str) -> str | None:
    """Say that there are too few or too many, None when there are not."""
    if least <= len(value) and (most is None or len(value) <= most):
        return None
    allowed = f"at least {least}" if most is None else f"{least} to {most}"
    return f"must have {allowed} {what}; it has {len(value)}"


@dataclass(frozen=True, slots=True)
class Optional(Shape):
    """`T | None`."""

    value: Shape

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        return None if value is None else self.value.read(value, at, findings)

    @override
    def write(self, value: Any, at: str) -> Any:
        return None if value is None else self.value.write(value, at)

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        return {"anyOf": [self.value.schema(asked=asked), {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Anything(Shape):
    """`Any`: every value of JSON, at most `DEPTH_MAX` deep."""

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        wrong = _wrong(value, at, DEPTH_MAX)
        if wrong is None:
            return _sorted(value)
        findings.add(*wrong)
        return NOTHING

    @override
    def write(self, value: Any, at: str) -> Any:
        wrong = _wrong(value, at, DEPTH_MAX)
        if wrong is not None:
            raise Misfit(" ".join(wrong))
        return _sorted(value)

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        return {}


def is_object(value: Any, at: str, findings: Findings) -> bool:
    """Whether it is an object without repeated names; if not, say so."""
    if type(value) is dict:
        return True
    if type(value) is RepeatedNames:
        for name in value.names:
            findings.add(below(at, name), "must not be there twice")
    else:
        findings.add(at, f"must be an object; it is {kind(value)}")
    return False


_PLAIN: Final = frozenset({bool, type(None)})


def _wrong(value: Any, at: str, depth: int) -> tuple[str, str] | None:
    """Find the first thing that is no JSON, or none that every library reads alike."""
    if type(value) in {list, dict}:
        return _wrong_within(value, at, depth)
    if type(value) is RepeatedNames:
        return below(at, value.names[0]), "must not be there twice"
    if type(value) is str:
        half = text.half_a_pair(value)
        return None if half is None else (at, "must not hold half a surrogate pair")
    if type(value) is int:
        bound = f"must be an integer from {-INTEGER_MAX} to {INTEGER_MAX}"
        return None if abs(value) <= INTEGER_MAX else (at, bound)
    if type(value) is float:
        return None if isfinite(value) else (at, "must be a finite number")
    return None if type(value) in _PLAIN else (at, f"must be JSON; it is {type(value).__name__}")


def _wrong_within(value: Any, at: str, depth: int) -> tuple[str, str] | None:
    if depth == 0:
        return at, f"must not be nested more than {DEPTH_MAX} deep"
    pairs = enumerate(value) if type(value) is list else value.items()
    for name, each in pairs:
        if type(value) is dict and (type(name) is not str or text.half_a_pair(name) is not None):
            return at, "must have names that are text, without half a surrogate pair"
        wrong = _wrong(each, below(at, name), depth - 1)
        if wrong is not None:
            return wrong
    return None


def _sorted(value: Any) -> Any:
    if type(value) is list:
        return [_sorted(each) for each in value]
    if type(value) is dict:
        return {each: _sorted(value[each]) for each in sorted(value)}
    return value
