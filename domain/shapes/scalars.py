"""Integers, numbers, booleans, text and choices."""

import re
from dataclasses import dataclass
from enum import Enum
from math import isfinite
from typing import Any, Final

from typing_extensions import override

from domain import text
from domain.invalid import Findings
from domain.shapes.port import NOTHING, Misfit, Shape
from domain.sizes import INTEGER_MAX
from domain.strict_json import kind, quoted

_BLIND: Final = "must not hold half a surrogate pair, U+{:04X}"


@dataclass(frozen=True, slots=True)
class Integer(Shape):
    """An `int`, within bounds, both of them allowed."""

    least: int = -INTEGER_MAX
    most: int = INTEGER_MAX
    step: int | None = None

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        wrong = self.wrong(value)
        if wrong is None:
            return value
        findings.add(at, wrong)
        return NOTHING

    def wrong(self, value: object) -> str | None:
        """Say what is wrong, None for nothing."""
        # Not isinstance: true and false are ints to Python.
        if type(value) is not int:
            return f"{self._must}; it is {kind(value)}"
        if not self.least <= value <= self.most:
            return f"{self._must}; it is out of range"
        if self.step is not None and value % self.step:
            return f"must be a multiple of {self.step}"
        return None

    @override
    def write(self, value: Any, at: str) -> Any:
        wrong = self.wrong(value)
        if wrong is not None:
            raise Misfit(f"{at} {wrong}")
        return value

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "integer", "minimum": self.least, "maximum": self.most}
        return schema if self.step is None else schema | {"multipleOf": self.step}

    @property
    def _must(self) -> str:
        return f"must be an integer from {self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Number(Shape):
    """A `float`; an integer is one too."""

    bounds: tuple[tuple[str, float], ...] = ()
    """JSON Schema's name of a bound (`minimum`, `exclusiveMaximum`, …) and the bound."""

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        wrong = self._wrong(value)
        if wrong is None:
            return float(value)
        findings.add(at, wrong)
        return NOTHING

    @override
    def write(self, value: Any, at: str) -> Any:
        wrong = self._wrong(value)
        if wrong is not None:
            raise Misfit(f"{at} {wrong}")
        return float(value)

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        return {"type": "number", **dict(self.bounds)}

    def _wrong(self, value: object) -> str | None:
        if type(value) is int and abs(value) > INTEGER_MAX:
            return f"must be a number; integers go to {INTEGER_MAX}"
        if type(value) not in {int, float} or not isfinite(value):  # type: ignore[arg-type]
            return f"must be a number; it is {kind(value)}"
        for name, bound in self.bounds:
            if not _HOLDS[name](value, bound):
                return f"must be a number with {name} {bound}"
        return None


_HOLDS: Final[dict[str, Any]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}


@dataclass(frozen=True, slots=True)
class Boolean(Shape):
    """A `bool`."""

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        if type(value) is bool:
            return value
        findings.add(at, f"must be a boolean; it is {kind(value)}")
        return NOTHING

    @override
    def write(self, value: Any, at: str) -> Any:
        if type(value) is not bool:
            raise Misfit(f"{at} must be a boolean; it is {kind(value)}")
        return value

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Text(Shape):
    """A `str`, in code points."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    is_line: bool = False
    """Whether white space at both ends is removed and control characters are refused."""

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        if self.is_line and type(value) is str:
            value = text.trim(value)
        wrong = self.wrong(value)
        if wrong is None:
            return value
        findings.add(at, wrong)
        return NOTHING

    @override
    def write(self, value: Any, at: str) -> Any:
        wrong = self.wrong(value)
        if wrong is not None:
            raise Misfit(f"{at} {wrong}")
        if self.is_line and text.trim(value) != value:
            raise Misfit(f"{at} must not begin or end with white space")
        return value

    def wrong(self, value: object) -> str | None:
        """Say what is wrong, None for nothing."""
        if type(value) is not str:
            return f"must be a string; it is {kind(value)}"
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            return f"must have {self._length}; it has {len(value)}"
        half = text.half_a_pair(value)
        if half is not None:
            return _BLIND.format(ord(half))
        control = text.control_character(value) if self.is_line else None
        if control is not None:
            return f"must not hold the control character U+{ord(control):04X}"
        if self.pattern is not None and not matches(self.pattern, value):
            return f"must match the pattern {self.pattern}"
        return None

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        if self.is_line and self.most is not None:
            pattern = text.pattern_asked if asked else text.pattern_kept
            kept: dict[str, Any] = {} if asked else {"minLength": 1, "maxLength": self.most}
            return {"type": "string", **kept, "pattern": pattern(self.most)}
        schema: dict[str, Any] = {"type": "string"}
        schema |= {"minLength": self.least} if self.least else {}
        schema |= {} if self.most is None else {"maxLength": self.most}
        return schema | ({} if self.pattern is None else {"pattern": self.pattern})

    @property
    def _length(self) -> str:
        after = " after trimming" if self.is_line else ""
        if self.most is None:
            return f"at least {self.least} characters{after}"
        return f"{self.least} to {self.most} characters{after}"


def matches(pattern: str, value: str) -> bool:
    """Whether a pattern of JSON Schema is found in a text.

    To Python `$` also matches in front of a line break at the end; to ECMA 262 it does not.
    """
    if pattern.endswith("$") and not pattern.endswith(r"\$"):
        pattern = pattern[:-1] + r"\Z"
    return re.search(pattern, value) is not None


@dataclass(frozen=True, slots=True)
class Choice(Shape):
    """A `Literal` of texts or integers, or an `Enum` of them."""

    values: tuple[str | int, ...]
    enum: type[Enum] | None = None

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        if self._is_one(value):
            return value if self.enum is None else self.enum(value)
        findings.add(at, self._must(value))
        return NOTHING

    @override
    def write(self, value: Any, at: str) -> Any:
        if self.enum is not None and isinstance(value, self.enum):
            value = value.value
        if not self._is_one(value):
            raise Misfit(f"{at} {self._must(value)}")
        return value

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        return {"enum": list(self.values)}

    def _is_one(self, value: object) -> bool:
        return any(type(value) is type(each) and value == each for each in self.values)

    def _must(self, value: object) -> str:
        names = ", ".join(quoted(each) for each in self.values)
        return f"must be one of {names}; it is {kind(value)}"
