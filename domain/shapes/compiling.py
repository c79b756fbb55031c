"""From annotations to shapes."""

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Final

import msgspec
import msgspec.inspect as of

from domain.declaration import WrongDomain
from domain.shapes.containers import Anything, Items, Members, Optional
from domain.shapes.port import Misfit, Shape
from domain.shapes.records import Member, Record
from domain.shapes.scalars import Boolean, Choice, Integer, Number, Text
from domain.sizes import INTEGER_MAX
from domain.text import LINE

ALLOWED: Final = (
    "int, float, bool, str, Literal, Enum, T | None, tuple[T, ...], list[T], dict[str, T], Any"
    " and dataclasses of these"
)

NOT_IN_ECMA: Final = ("\\s", "\\S", "\\d", "\\D", "\\w", "\\W", "\\b", "\\B", "\\Z", "\\A", "(?P")
"""What Python and ECMA 262, the dialect of JSON Schema, do not read alike."""


def compile_shape(annotation: Any, name: str) -> Shape:
    """Make the shape of an annotation; `name` says in errors whose it is. Raises WrongDomain."""
    try:
        info = of.type_info(annotation)
    except (TypeError, NameError) as error:
        raise WrongDomain(f"{name} cannot be JSON: {error}") from None
    return _shape(info, name, {}, ())


def _shape(info: of.Type, name: str, extra: dict[str, Any], within: tuple[type, ...]) -> Shape:
    if isinstance(info, of.Metadata):
        return _shape(info.type, name, {**extra, **(info.extra or {})}, within)
    if isinstance(info, of.StrType):
        return _text(info, name, is_line=LINE in extra)
    if isinstance(info, of.UnionType):
        return _optional(info, name, extra, within)
    return _container(info, name, within) or _scalar(info, name)


def _container(info: of.Type, name: str, within: tuple[type, ...]) -> Shape | None:
    if isinstance(info, of.ListType | of.VarTupleType):
        item = _shape(info.item_type, f"the items of {name}", {}, within)
        make = list if isinstance(info, of.ListType) else tuple
        return Items(item, make, info.min_length or 0, info.max_length)
    if isinstance(info, of.DictType):
        return _members(info, name, within)
    if isinstance(info, of.DataclassType):
        return _record(info, name, within)
    return None


def _scalar(info: of.Type, name: str) -> Shape:
    for kind, make in _SCALARS.items():
        if isinstance(info, kind):
            return make(info)
    raise WrongDomain(f"{name} is none of the types that are JSON: {ALLOWED}")


def _integer(info: Any) -> Shape:
    least = [-INTEGER_MAX]
    least += [] if info.ge is None else [info.ge]
    least += [] if info.gt is None else [info.gt + 1]
    most = [INTEGER_MAX]
    most += [] if info.le is None else [info.le]
    most += [] if info.lt is None else [info.lt - 1]
    return Integer(int(max(least)), int(min(most)), info.multiple_of)


_BOUNDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}


def _number(info: Any) -> Shape:
    bounds = ((_BOUNDS[each], getattr(info, each)) for each in _BOUNDS)
    return Number(tuple((name, bound) for name, bound in bounds if bound is not None))


_SCALARS: Final[dict[type, Callable[[Any], Shape]]] = {
    of.IntType: _integer,
    of.FloatType: _number,
    of.BoolType: lambda _: Boolean(),
    of.AnyType: lambda _: Anything(),
    of.LiteralType: lambda info: Choice(tuple(info.values)),
    of.EnumType: lambda info: Choice(tuple(each.value for each in info.cls), info.cls),
}


def _text(info: of.StrType, name: str, *, is_line: bool) -> Shape:
    for each in NOT_IN_ECMA:
        if info.pattern is not None and each in info.pattern:
            raise WrongDomain(f"{name} has {each} in its pattern, which not all read alike")
    return Text(info.min_length or 0, info.max_length, info.pattern, is_line)


def _optional(
    info: of.UnionType, name: str, extra: dict[str, Any], within: tuple[type, ...]
) -> Shape:
    others = [each for each in info.types if not isinstance(each, of.NoneType)]
    if len(others) != 1 or len(others) == len(info.types):
        raise WrongDomain(f"{name} is a union; only T | None can be told apart in JSON")
    return Optional(_shape(others[0], name, extra, within))


def _members(info: of.DictType, name: str, within: tuple[type, ...]) -> Shape:
    if not isinstance(info.key_type, of.StrType) or info.key_type != of.StrType():
        raise WrongDomain(f"{name} has keys that are not plain str, as names in JSON are")
    return Members(_shape(info.value_type, f"the values of {name}", {}, within))


def _record(info: of.DataclassType, name: str, within: tuple[type, ...]) -> Shape:
    if not is_dataclass(info.cls):
        raise WrongDomain(f"{name} must be a dataclass")
    if info.cls in within:
        raise WrongDomain(f"{name} contains itself; a state or a request is bounded")
    if not info.cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise WrongDomain(
            f"{info.cls.__name__} must be frozen: @dataclass(frozen=True, slots=True)"
        )
    return Record(
        info.cls, tuple(_member(each, info.cls, (*within, info.cls)) for each in info.fields)
    )


def _member(field: of.Field, owner: type, within: tuple[type, ...]) -> Member:
    where = f"{owner.__name__}.{field.name}"
    if not field.name.isascii() or field.name != field.name.strip("_"):
        raise WrongDomain(f"{where} is no name of JSON here: letters, digits, _ between words")
    shape = _shape(field.type, where, {}, within)
    default = _default(field)
    _check_default(default, shape, where)
    return Member(field.name, shape, default)


def _check_default(default: Callable[[], Any] | None, shape: Shape, where: str) -> None:
    try:
        if default is not None:
            shape.write(default(), where)
    except Misfit as error:
        raise WrongDomain(f"the default of {error}") from None


def _default(field: of.Field) -> Callable[[], Any] | None:
    if field.default_factory is not msgspec.NODEFAULT:
        factory: Callable[[], Any] = field.default_factory
        return factory
    if field.default is not msgspec.NODEFAULT:
        default = field.default
        return lambda: default
    return None
