"""What a template deploys with given parameters: its resources, with all that they are given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tree_sitter import Node

from tests.infra.bicep.expressions import Scope, evaluate, loop, properties
from tests.infra.bicep.functions import Unknown
from tests.infra.bicep.syntax import INFRA, Declaration, File, declarations, read, text

TYPES: Final[Mapping[str, type]] = {
    "string": str,
    "int": int,
    "bool": bool,
    "array": list,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource."""

    kind: str
    """`Microsoft.Web/sites`."""
    version: str
    """Of the API."""
    name: str
    """With the names of its parents."""
    module: str
    properties: dict[str, Any]
    """Everything but its name and parent: `sku`, `tags`, `scope`, `properties` …"""
    existing: bool = False

    def member(self, name: str) -> Any:
        """Return what is known before the deployment, or an Unknown."""
        if name in {"id", "name"}:
            return f"{self.kind}/{self.name}" if name == "id" else self.name
        return Unknown(f"<{self.name}>").member(name)


@dataclass
class Template:
    """A file with its parameters. Whatever is referred to is worked out when it is."""

    file: File
    given: Mapping[str, Any]
    modules: "dict[str, Template | None]" = field(default_factory=dict)
    """None where its condition is false."""
    _values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for parameters that are missing, unknown or not allowed."""
        self.scope = Scope(self.file.path.parent, self._look_up)
        params = self.file.of("param")
        if unknown := self.given.keys() - params.keys():
            raise ValueError(f"{self.file.path.name}: no parameter {sorted(unknown)}")
        for declaration in params.values():
            self._check(declaration, self._look_up(declaration.name))

    def outputs(self) -> dict[str, Any]:
        """Return all of them."""
        found = self.file.of("output").items()
        return {name: evaluate(each.value, self.scope) for name, each in found if each.value}

    def resources(self) -> list[Resource]:
        """Return those of this file and of its modules; those that exist already are not among."""
        found: list[Resource] = []
        for name in self.file.of("resource"):
            found += [each for each in _listed(self._look_up(name)) if not each.existing]
            found += self._nested(self.file.of("resource")[name])
        for name in self.file.of("module"):
            module = self._module(name)
            found += [] if module is None else module.resources()
        return found

    def _look_up(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._worked_out(name)
        return self._values[name]

    def _worked_out(self, name: str) -> Any:
        # An output may have the name of something else; nothing refers to outputs by name.
        named = [each for each in self.file.declarations if each.name == name]
        [found] = [each for each in named if each.kind != "output"]
        if found.kind == "resource":
            return self._resource(found)
        if found.kind == "module":
            return _Outputs(name, self._module(name))
        if found.kind == "param" and name in self.given:
            return self.given[name]
        if found.value is None:
            raise ValueError(f"{self.file.path.name}: parameter {name} is missing")
        return evaluate(found.value, self.scope)

    def _check(self, declaration: Declaration, value: Any) -> None:
        limits = {
            name: evaluate(arguments.named_children[0], self.scope)
            for name, arguments in declaration.decorators.items()
        }
        declared = text(declaration.node.named_children[1])
        if isinstance(value, Unknown):
            return
        if not (isinstance(value, TYPES.get(declared, object)) and _is_within(value, limits)):
            raise ValueError(f"{self.file.path.name}: {declaration.name} cannot be {value!r}")

    def _module(self, name: str) -> "Template | None":
        if name not in self.modules:
            declaration = self.file.of("module")[name]
            assert declaration.value is not None
            body = _if_it_is(declaration.value, self.scope)
            path = (self.file.path.parent / declaration.target).resolve()
            given = None if body is None else properties(body, self.scope)["params"]
            self.modules[name] = None if given is None else Template(read(path), given)
        return self.modules[name]

    def _resource(self, declaration: Declaration) -> Any:
        assert declaration.value is not None
        if declaration.value.type == "for_statement":
            rounds = loop(declaration.value, self.scope)
            return [self._made(declaration, body, inside) for body, inside in rounds]
        body = _if_it_is(declaration.value, self.scope)
        return None if body is None else self._made(declaration, body, self.scope)

    def _made(self, declaration: Declaration, body: Node, scope: Scope) -> Resource:
        kind, _, version = declaration.target.partition("@")
        found = properties(body, scope)
        parent = found.pop("parent", None)
        name = found.pop("name")
        return Resource(
            kind,
            version,
            name if parent is None else f"{parent.name}/{name}",
            self.file.path.stem,
            found,
            declaration.existing,
        )

    def _nested(self, outer: Declaration) -> Iterator[Resource]:
        value = outer.value
        if value is None or value.type != "object":
            return
        parent = self._look_up(outer.name)
        for each in declarations(value):
            if each.value is not None:
                made = self._made(each, each.value, self.scope)
                kind = f"{parent.kind}/{made.kind}"
                name = f"{parent.name}/{made.name}"
                yield Resource(kind, parent.version, name, made.module, made.properties)


@dataclass(frozen=True, slots=True)
class _Outputs:
    """A module, for those that refer to it."""

    name: str
    template: Template | None

    def member(self, name: str) -> Any:
        if self.template is None:
            raise ValueError(f"module {self.name} is not deployed, and {name} of it is asked for")
        return self.template.outputs() if name == "outputs" else Unknown(f"<{self.name}>.{name}")


def deploy(**parameters: Any) -> Template:
    """Work out infra/main.bicep."""
    required = {"environmentName": "todos-prod", "location": "swedencentral"}
    return Template(read(INFRA / "main.bicep"), required | parameters)


def _is_within(value: Any, limits: Mapping[str, Any]) -> bool:
    if value not in limits.get("allowed", [value]):
        return False
    size = len(value) if isinstance(value, str | list | dict) else value
    low = limits.get("minValue", limits.get("minLength", size))
    return bool(low <= size <= limits.get("maxValue", limits.get("maxLength", size)))


def _if_it_is(value: Node, scope: Scope) -> Node | None:
    """Return the body of something conditional, or None when its condition is false."""
    if value.type != "if_statement":
        return value
    condition, body = value.named_children
    return body if evaluate(condition, scope) else None


def _listed(value: Resource | list[Resource] | None) -> list[Resource]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def module_path(file: File, declaration: Declaration) -> Path:
    """Return the file that a module is in."""
    return (file.path.parent / declaration.target).resolve()
