"""From annotations to shapes."""

from collections.abc import Callable
from typing import Any, Final

import msgspec.inspect as of

from domain.declaration import WrongDomain
from domain.shapes.compiling_records import compile_record
from domain.shapes.containers import Anything, Items, Members, Optional
from domain.shapes.patterns import differing
from domain.shapes.port import Shape
from domain.shapes.scalars import Boolean, Choice, Integer, Number, Text
from domain.sizes import INTEGER_MAX
from domain.text import LINE

ALLOWED: Final = (
    "int, float, bool, str, Literal, Enum, T | None, tuple[T, ...], list[T], dict[str, T], Any"
    " and dataclasses of these"
)


def compile_shape(annotation: Any, name: str) -> Shape:
    """Make the shape of an annotation; `name` says in errors whose it is. Raises WrongDomain."""
    try:
        info = of.type_info(annotation)
    except (TypeError, ValueError, NameError) as error:
        raise WrongDomain(f"{name} cannot be JSON: {error}") from None
    return _shape(info, name, {}, ())


def _shape(info: of.Type, name: str, extra: dict[str, Any], within: tuple[Any, ...]) -> Shape:
    if isinstance(info, of.Metadata):
        return _shape(info.type, name, {**extra, **(info.extra or {})}, within)
    if isinstance(info, of.StrType):
        return _text(info, name, is_line=LINE in extra)
    if isinstance(info, of.UnionType):
        return _optional(info, name, extra, within)
    return _container(info, name, within) or _scalar(info, name)


def _container(info: of.Type, name: str, within: tuple[Any, ...]) -> Shape | None:
    if isinstance(info, of.ListType | of.VarTupleType):
        _check_room(info.min_length, info.max_length, name)
        item = _shape(info.item_type, f"the items of {name}", {}, within)
        make = list if isinstance(info, of.ListType) else tuple
        return Items(item, make, info.min_length or 0, info.max_length)
    if isinstance(info, of.DictType):
        return _members(info, name, within)
    if isinstance(info, of.DataclassType):
        return compile_record(info, name, within, _shape)
    return None


def _scalar(info: of.Type, name: str) -> Shape:
    for kind, make in _SCALARS.items():
        if isinstance(info, kind):
            return make(info, name)
    raise WrongDomain(f"{name} is none of the types that are JSON: {ALLOWED}")


def _check_room(least: Any, most: Any, name: str) -> None:
    if least is not None and most is not None and least > most:
        raise WrongDomain(f"{name} allows nothing: at least {least} and at most {most}")


def _integer(info: Any, name: str) -> Shape:
    least = [-INTEGER_MAX]
    least += [] if info.ge is None else [info.ge]
    least += [] if info.gt is None else [info.gt + 1]
    most = [INTEGER_MAX]
    most += [] if info.le is None else [info.le]
    most += [] if info.lt is None else [info.lt - 1]
    _check_room(max(least), min(most), name)
    return Integer(int(max(least)), int(min(most)), info.multiple_of)


_BOUNDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}


def _number(info: Any, name: str) -> Shape:
    if info.multiple_of is not None:
        raise WrongDomain(f"{name} has multiple_of, which binary fractions are nearly never")
    _check_room(info.ge, info.le, name)
    bounds = ((_BOUNDS[each], getattr(info, each)) for each in _BOUNDS)
    return Number(tuple((name, bound) for name, bound in bounds if bound is not None))


def _choice(values: tuple[Any, ...], info: Any, name: str) -> Shape:
    for each in values:
        if isinstance(each, int) and abs(each) > INTEGER_MAX:
            raise WrongDomain(f"{name} allows {each}; integers go to {INTEGER_MAX}")
    return Choice(values, getattr(info, "cls", None))


_SCALARS: Final[dict[type, Callable[[Any, str], Shape]]] = {
    of.IntType: _integer,
    of.FloatType: _number,
    of.BoolType: lambda _, __: Boolean(),
    of.AnyType: lambda _, __: Anything(),
    of.LiteralType: lambda info, name: _choice(tuple(info.values), info, name),
    of.EnumType: lambda info, name: _choice(tuple(e.value for e in info.cls), info, name),
}


def _text(info: of.StrType, name: str, *, is_line: bool) -> Shape:
    odd = None if info.pattern is None else differing(info.pattern)
    if odd is not None:
        raise WrongDomain(f"{name} has {odd} in its pattern, which not all read alike")
    _check_room(info.min_length, info.max_length, name)
    return Text(info.min_length or 0, info.max_length, info.pattern, is_line)


def _optional(
    info: of.UnionType, name: str, extra: dict[str, Any], within: tuple[Any, ...]
) -> Shape:
    others = [each for each in info.types if not isinstance(each, of.NoneType)]
    if len(others) != 1 or len(others) == len(info.types):
        raise WrongDomain(f"{name} is a union; only T | None can be told apart in JSON")
    return Optional(_shape(others[0], name, extra, within))


def _members(info: of.DictType, name: str, within: tuple[Any, ...]) -> Shape:
    if info.key_type not in (of.StrType(), of.AnyType()):
        raise WrongDomain(f"{name} has keys that are not plain str, as names in JSON are")
    _check_room(info.min_length, info.max_length, name)
    value = _shape(info.value_type, f"the values of {name}", {}, within)
    return Members(value, info.min_length or 0, info.max_length)
