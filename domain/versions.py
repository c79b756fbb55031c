"""A version of the domain function, with the types that its annotations name."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, MethodType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from domain.declaration import WrongDomain
from domain.refused import Refused
from domain.shapes.compiling import compile_shape
from domain.shapes.mutability import is_mutable
from domain.shapes.port import Shape
from domain.shapes.records import Record

Decide = Callable[[Any, Any], tuple[Any, Any]]

PARAMETERS: Final = 2


@dataclass(frozen=True, slots=True)
class Version:
    """`(request, state) -> (output, state)`."""

    number: int
    decide: Decide
    request: Record
    output: Record
    state: Shape
    may_refuse: bool
    """Whether its annotation says `Refused`."""
    state_type: Any
    may_change_request: bool
    may_change_state: bool
    """Whether there is anything in it that the function could change in place."""

    @classmethod
    def of(cls, number: int, decide: Decide) -> "Version":
        """Read the annotations. Raises WrongDomain."""
        if not isinstance(decide, FunctionType | MethodType):
            found = type(decide).__name__
            raise WrongDomain(f"version {number} must be a function made with def; it is a {found}")
        name = f"version {number}, {decide.__name__},"
        _check_signature(decide, name)
        request, state, returned = _annotations(decide, name)
        output, after = _returned(returned, name)
        if state != after:
            raise WrongDomain(f"{name} must return the type of state that it takes")
        kinds = [each for each in _union(output) if each is not Refused]
        if len(kinds) != 1:
            raise WrongDomain(f"{name} must return one type of output, and maybe Refused")
        record = _record(request, f"the request of {name}")
        shape = compile_shape(state, f"the state of {name}")
        return cls(
            number=number,
            decide=decide,
            request=record,
            output=_record(kinds[0], f"the output of {name}"),
            state=shape,
            may_refuse=Refused in _union(output),
            state_type=state,
            may_change_request=is_mutable(record),
            may_change_state=is_mutable(shape),
        )


def _check_signature(decide: Decide, name: str) -> None:
    tests = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    if any(test(decide) for test in tests):
        raise WrongDomain(f"{name} must return its output: no async, no yield")
    taken = list(inspect.signature(decide).parameters.values())
    plain = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    are_plain = all(each.kind in plain and each.default is each.empty for each in taken)
    if len(taken) != PARAMETERS or not are_plain:
        raise WrongDomain(f"{name} must take (request, state), both without a default")


def _annotations(decide: Decide, name: str) -> tuple[Any, Any, Any]:
    try:
        hints = get_type_hints(decide, include_extras=True)
    except (NameError, TypeError) as error:
        raise WrongDomain(f"{name} has annotations that cannot be read: {error}") from None
    returned = hints.pop("return", None)
    if len(hints) != PARAMETERS or returned is None:
        raise WrongDomain(f"{name} must be annotated: (request, state) -> tuple[output, state]")
    request, state = hints.values()
    return request, state, returned


def _returned(returned: Any, name: str) -> tuple[Any, Any]:
    arguments = get_args(returned)
    if get_origin(returned) is not tuple or len(arguments) != PARAMETERS or ... in arguments:
        raise WrongDomain(f"{name} must return tuple[output, state]")
    return arguments[0], arguments[1]


def _union(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {UnionType, Union} else (annotation,)


def _record(annotation: Any, name: str) -> Record:
    shape = compile_shape(annotation, name)
    if not isinstance(shape, Record):
        raise WrongDomain(f"{name} must be a dataclass")
    return shape
