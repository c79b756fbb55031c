"""Does a Python signature fit its bindings? The rules of the Python worker (host-protocol 1.6)."""

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final

import azure.functions as func

from localhost.errors import StartError
from localhost.functions import DURABLE_CLIENT, Binding

_NOT_GENERIC: Final = (
    None,
    typing.Union,
    types.UnionType,
    tuple,
    typing.ClassVar,
    typing.Annotated,
    collections.abc.Callable,
)


class Signature(typing.NamedTuple):
    """What the worker learns from a signature."""

    clients: tuple[str, ...]
    wants_context: bool
    returns: str | None


def check_signature(
    name: str, call: Callable[..., Any], trigger: Binding, bindings: tuple[Binding, ...]
) -> Signature:
    """Check the function's parameters against its bindings. Raises StartError naming the rule."""
    bound = {str(binding["name"]): binding for binding in bindings if binding["name"] != "$return"}
    parameters = set(inspect.signature(call).parameters)
    annotations = _annotations(name, call)
    wants_context = "context" in parameters and "context" not in bound
    if wants_context:
        parameters.discard("context")
        _check_context(name, annotations)
    if missing := parameters - set(bound):
        raise _error(name, f"the parameters {sorted(missing)} have no binding")
    if missing := set(bound) - parameters:
        raise _error(name, f"the bindings {sorted(missing)} have no parameter")
    for parameter, binding in bound.items():
        _check_supported(name, trigger, binding)
        if parameter in annotations:
            _check_annotation(name, binding, annotations[parameter])
    clients = tuple(key for key, binding in bound.items() if binding["type"] == DURABLE_CLIENT)
    return Signature(clients, wants_context, _check_return(name, trigger, bindings, annotations))


def _annotations(name: str, call: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(call)
    except (NameError, TypeError, AttributeError) as error:
        raise _error(name, f"its annotations cannot be resolved: {error}") from error


def _check_context(name: str, annotations: Mapping[str, Any]) -> None:
    annotation = annotations.get("context")
    if annotation is None:
        return
    if not isinstance(annotation, type) or annotation.__name__ != "Context":
        raise _error(name, f"`context` must be an azure.functions.Context, not {annotation!r}")


def _check_supported(name: str, trigger: Binding, binding: Binding) -> None:
    if binding["direction"] == "IN" and (
        binding["name"] == trigger["name"] or binding["type"] == DURABLE_CLIENT
    ):
        return
    raise StartError(
        f"{name}: localhost has no {binding['direction'].lower()}put binding {binding['type']!r} "
        f"({binding['name']}); use the service's client instead"
    )


def _check_annotation(name: str, binding: Binding, annotation: Any) -> None:
    where = f"parameter {binding['name']!r}"
    if not isinstance(annotation, type) and not _is_generic(annotation):
        raise _error(name, f"{where} has the annotation {annotation!r}, which is no type")
    if getattr(typing.get_origin(annotation) or annotation, "__name__", "") == "Out":
        raise _error(name, f"{where} is an input, its annotation is azure.functions.Out")
    if not _accepts(_converter(binding).check_input_type_annotation, annotation):
        raise _error(name, f"{where}: a {binding['type']} cannot become a {annotation!r}")


def _check_return(
    name: str,
    trigger: Binding,
    bindings: tuple[Binding, ...],
    annotations: Mapping[str, Any],
) -> str | None:
    explicit = next((binding for binding in bindings if binding["name"] == "$return"), None)
    if explicit is None:
        return str(trigger["type"]) if _converter(trigger).has_implicit_output() else None
    kind = str(explicit["type"])
    if kind != "http":
        raise StartError(f"{name}: localhost cannot return to a {kind!r} binding, only to http")
    if "return" in annotations:
        annotation = annotations["return"]
        if not isinstance(annotation, type):
            raise _error(name, f"the return annotation {annotation!r} is no type")
        if not _accepts(_converter(explicit).check_output_type_annotation, annotation):
            raise _error(name, f"the return annotation {annotation!r} does not match {kind!r}")
    return kind


def _converter(binding: Binding) -> Any:
    registry = func.get_binding_registry()
    assert registry is not None
    converter = registry.get(str(binding["type"]))
    if converter is None:
        raise StartError(f"localhost has no {binding['type']!r} ({binding['name']})")
    return converter


def _accepts(check: Callable[[Any], bool], annotation: Any) -> bool:
    try:
        return check(annotation)
    except TypeError:  # issubclass with something like list[int]
        return False


def _is_generic(annotation: Any) -> bool:
    return typing.get_origin(annotation) not in _NOT_GENERIC


def _error(name: str, text: str) -> StartError:
    return StartError(f"cannot load the {name} function: {text}")
