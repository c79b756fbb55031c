"""Dataclasses: objects with exactly these members."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Final

from typing_extensions import override

from domain.invalid import Findings, below
from domain.shapes.containers import is_object
from domain.shapes.port import NOTHING, Misfit, Shape
from domain.strict_json import kind

_UNDERSCORE: Final = re.compile(r"_([a-z0-9])")


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a dataclass."""

    field: str
    shape: Shape
    default: Callable[[], Any] | None = None
    """Makes what stands for a member that is missing; None when it must be there."""
    name: str = dataclass_field(init=False)
    """The member of the JSON object: `due_on` is `dueOn`."""
    step: str = dataclass_field(init=False, repr=False)
    """From the pointer of the object to that of the member."""

    def __post_init__(self) -> None:
        """Derive what every reading needs."""
        object.__setattr__(self, "name", camel(self.field))
        object.__setattr__(self, "step", f"/{self.name}")


@dataclass(frozen=True, slots=True)
class Record(Shape):
    """A dataclass. Unknown members are refused."""

    type: type[Any]
    members: tuple[Member, ...]
    names: frozenset[str] = dataclass_field(init=False, repr=False)
    """Of the members."""

    def __post_init__(self) -> None:
        """Derive what every reading needs."""
        object.__setattr__(self, "names", frozenset(each.name for each in self.members))

    @override
    def read(self, value: Any, at: str, findings: Findings) -> Any:
        return self.read_beside(value, at, findings, frozenset())

    def read_beside(self, value: Any, at: str, findings: Findings, others: frozenset[str]) -> Any:
        """Read it out of an object whose members `others` belong to somebody else."""
        if not is_object(value, at, findings):
            return NOTHING
        before = len(findings.errors)
        fields = self._fields(value, at, findings)
        self._refuse_unknown(value, at, findings, others)
        if len(findings.errors) > before or findings.full:
            return NOTHING
        try:
            return self.type(**fields)
        except ValueError as error:  # of its own __post_init__
            findings.add(at, str(error))
        except Exception as error:  # noqa: BLE001 - its mistake; bytes of a stranger stay invalid
            findings.add(at, f"cannot be made into {self.type.__name__}: {type(error).__name__}")
        return NOTHING

    def _fields(self, value: dict[str, Any], at: str, findings: Findings) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for each in self.members:
            if each.name in value:
                there = value[each.name]
                fields[each.field] = each.shape.read(there, at + each.step, findings)
            elif each.default is not None:
                fields[each.field] = each.default()
            else:
                findings.add(below(at, each.name), "is missing")
        return fields

    def _refuse_unknown(
        self, value: dict[str, Any], at: str, findings: Findings, others: frozenset[str]
    ) -> None:
        known = self.names | others if others else self.names
        if value.keys() <= known:
            return
        for name in value:
            if findings.full:
                return
            if name not in known:
                findings.add(below(at, name), "is not a known field")

    @override
    def write(self, value: Any, at: str) -> Any:
        if type(value) is not self.type:
            found = type(value).__name__ if kind(value) == "an object" else kind(value)
            raise Misfit(f"{at} must be {self.type.__name__}; it is {found}")
        return {
            each.name: each.shape.write(getattr(value, each.field), at + each.step)
            for each in self.members
        }

    @override
    def schema(self, *, asked: bool) -> dict[str, Any]:
        required = [each.name for each in self.members if each.default is None or not asked]
        return {
            "type": "object",
            "properties": {each.name: each.shape.schema(asked=asked) for each in self.members},
            "required": required,
            "additionalProperties": False,
        }


def camel(field: str) -> str:
    """Name the member of a JSON object for the field of a dataclass."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), field)
