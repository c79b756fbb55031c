"""What a request belongs to: the customer of an invoice, the station of a measurement."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec.inspect as of

from domain.addresses import PATTERN, check_address, parse_integer
from domain.declaration import WrongDomain
from domain.invalid import Findings
from domain.shapes.compiling import compile_shape
from domain.shapes.port import NOTHING
from domain.shapes.scalars import Integer, Text

SUFFIX: Final = "Id"


@dataclass(frozen=True)
class Key:
    """The member that says it, in requests, answers and addresses.

    `type` is `int` or `str`, with bounds or a pattern as the domain likes; a string keeps the
    grammar of `domain.addresses` besides. A pattern wants `Meta(examples=[…])`: what the OpenAPI
    document shows and the generators of the tests count up from.
    """

    name: str
    type: Any
    plural: str = ""
    """In addresses: `/api/customers/C-1042`. Left out: `customerId` is of `customers`."""
    shape: Integer | Text = field(init=False, repr=False, compare=False)
    example: int | str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise WrongDomain when it is no key."""
        if not isinstance(self.name, str):
            raise WrongDomain(f"the name of a key must be text; it is {self.name!r}")
        if not self.plural:
            object.__setattr__(self, "plural", f"{self.singular.lower()}s")
        shape = compile_shape(self.type, f"the key {self.name}")
        if not isinstance(shape, Integer | Text):
            raise WrongDomain(f"the key {self.name} must be int or str")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "example", self._example())

    @property
    def singular(self) -> str:
        """What it names: `customerId` names a `customer`."""
        return self.name.removesuffix(SUFFIX) or self.name

    def text(self, value: object) -> str:
        """Return the canonical text of a key as it stands in JSON. Raises ValueError, saying why."""
        findings = Findings(most=1)
        if self.shape.read(value, "", findings) is NOTHING:
            raise ValueError(findings.errors[0].detail)
        return str(value) if isinstance(self.shape, Integer) else check_address(value)

    def value(self, text: str) -> int | str:
        """Return a key as it stands in JSON; `text` is of an address, and maybe of a stranger.

        Raises ValueError, saying why.
        """
        if isinstance(self.shape, Integer):
            return parse_integer(text, self.shape.least, self.shape.most)
        self.text(text)
        return text

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the member."""
        schema = self.shape.schema(asked=False)
        if isinstance(self.shape, Text):
            schema |= {"minLength": max(1, self.shape.least)}
            schema |= {"maxLength": min(255, self.shape.most or 255)}
            schema |= {} if self.shape.pattern else {"pattern": PATTERN}
        return schema | {"examples": [self.example]}

    def _example(self) -> int | str:
        for each in (*_examples_of(self.type), *self._guesses()):
            try:
                self.text(each)
            except ValueError:
                continue
            return each if isinstance(each, int) else str(each)
        raise WrongDomain(f"the key {self.name} needs Meta(examples=[…]) with one that it allows")

    def _guesses(self) -> list[int | str]:
        if isinstance(self.shape, Integer):
            return [7, self.shape.least]
        return [f"{self.singular.lower()}-7", "7"]


def _examples_of(annotation: Any) -> list[Any]:
    info = of.type_info(annotation)
    extra = info.extra_json_schema if isinstance(info, of.Metadata) else None
    return list((extra or {}).get("examples", []))
