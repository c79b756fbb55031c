"""From dataclasses to shapes."""

from collections.abc import Callable
from dataclasses import fields
from inspect import signature
from typing import Any, Final, get_origin

import msgspec
import msgspec.inspect as of

from domain.declaration import WrongDomain
from domain.shapes.port import Misfit, Shape
from domain.shapes.records import Member, Record
from domain.strict_json import canonical

Compile = Callable[[Any, str, dict[str, Any], tuple[Any, ...]], Shape]
"""Makes the shape of a field: type, whose it is, extra, the dataclasses that it is within."""

FROZEN: Final = "@dataclass(frozen=True, slots=True)"


def compile_record(
    info: of.DataclassType, name: str, within: tuple[Any, ...], compile_field: Compile
) -> Record:
    """Make the shape of a dataclass; one of a generic class too. Raises WrongDomain."""
    if info.cls in within:
        raise WrongDomain(f"{name} contains itself; a state or a request is bounded")
    made: type[Any] = get_origin(info.cls) or info.cls
    _check_class(made)
    inside = (*within, info.cls)
    members = tuple(_member(each, made, inside, compile_field) for each in info.fields)
    _check_names(made, members)
    return Record(made, members)


def _check_class(made: type[Any]) -> None:
    """See that values of it can be made from their fields, compared by them, and not be changed."""
    parameters = made.__dataclass_params__
    if not parameters.frozen:
        raise WrongDomain(f"{made.__name__} must be frozen: {FROZEN}")
    if not parameters.eq or not all(each.compare for each in fields(made)):
        raise WrongDomain(f"{made.__name__} must be equal by all its fields: no eq=, no compare=")
    taken = set(signature(made).parameters)
    for each in fields(made):
        if each.name not in taken:
            raise WrongDomain(
                f"{made.__name__}.{each.name} must be an argument of {made.__name__}(…):"
                " no init=False, no __init__ of its own"
            )


def _check_names(made: type[Any], members: tuple[Member, ...]) -> None:
    seen: dict[str, str] = {}
    for each in members:
        other = seen.setdefault(each.name, each.field)
        if other != each.field:
            raise WrongDomain(
                f"{made.__name__}.{other} and {made.__name__}.{each.field} are both {each.name}"
                " in JSON"
            )


def _member(
    field: of.Field, owner: type[Any], within: tuple[Any, ...], compile_field: Compile
) -> Member:
    where = f"{owner.__name__}.{field.name}"
    name = field.name
    if not name.isascii() or name != name.strip("_") or "__" in name:
        raise WrongDomain(f"{where} is no name of JSON here: letters, digits, _ between words")
    shape = compile_field(field.type, where, {}, within)
    default = _default(field)
    if default is not None:
        _check_default(default, shape, where)
    return Member(name, shape, default)


def _check_default(default: Callable[[], Any], shape: Shape, where: str) -> None:
    """See that it is what the annotation says, and the same each time: else a repeat of a request
    without this member would be another request.
    """
    try:
        one, other = (canonical(shape.write(default(), where)) for _ in range(2))
    except Misfit as error:
        raise WrongDomain(f"the default of {error}") from None
    except Exception as error:  # noqa: BLE001 - whatever the author's own factory raises
        raise WrongDomain(
            f"the default of {where} raised {type(error).__name__}: {error}"
        ) from None
    if one != other:
        raise WrongDomain(f"the default of {where} must be the same each time")


def _default(field: of.Field) -> Callable[[], Any] | None:
    if field.default_factory is not msgspec.NODEFAULT:
        factory: Callable[[], Any] = field.default_factory
        return factory
    if field.default is not msgspec.NODEFAULT:
        default = field.default
        return lambda: default
    return None
