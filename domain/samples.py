"""Valid requests without end, made from the examples and the types of a domain.

Tests, simulation, chaos and bench draw on it, so that they work for any domain. The same random
numbers make the same requests, and no payload comes twice.
"""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import msgspec

from domain.checks import written_payload
from domain.domain import AnyDomain
from domain.invalid import Findings
from domain.request import Request
from domain.shapes.containers import Anything, Items, Members, Optional
from domain.shapes.port import Shape
from domain.shapes.records import Record
from domain.shapes.scalars import Boolean, Choice, Integer, Number, Text
from domain.strict_json import canonical

TRIES_MAX: Final = 1_000

_DIGITS: Final = re.compile(r"[0-9]+(?=[^0-9]*$)")


class TooFew(Exception):
    """The types of the domain do not allow so many different values."""


class Samples:
    """Requests of one domain."""

    def __init__(self, domain: AnyDomain, random: Random) -> None:
        """Draw from `random`."""
        self._domain = domain
        self._random = random
        self._seen: set[str] = set()
        self._examples = [
            msgspec.json.decode(written_payload(domain, request)) for request, _ in domain.examples
        ]

    def payload(self) -> str:
        """Return canonical JSON that was not returned before. Raises TooFew."""
        for _ in range(TRIES_MAX):
            example = self._random.choice(self._examples)
            text = self._varied(example)
            if text is not None and text not in self._seen:
                self._seen.add(text)
                return text
        raise TooFew(f"more than {len(self._seen)} payloads of {self._domain.name}")

    def request(self, key: str, request_id: str) -> Request:
        """Return a request with a new payload."""
        return Request(key, request_id, self.payload())

    def body(self, key: str, payload: str | None = None) -> dict[str, Any]:
        """Return the JSON of a POST, with a new payload if none is given."""
        value = self._domain.key.value(key)
        asked = msgspec.json.decode(self.payload() if payload is None else payload)
        return {self._domain.key.name: value, **asked}

    def item(self, key: str, request_id: str) -> dict[str, Any]:
        """Return the JSON of an item of a batch, with a new payload."""
        return {**self.body(key), self._domain.request_id: request_id}

    def _varied(self, example: Any) -> str | None:
        shape, findings = self._domain.newest.request, Findings(most=1)
        value = shape.read(vary(shape, example, self._random), "#", findings)
        return None if findings.errors else canonical(shape.write(value, "#"))


def key_of(domain: AnyDomain, number: int) -> str:
    """Return the canonical text of a key, another one for each number from 0. Raises TooFew.

    Integers count up from the least, texts at the last digits of the example.
    """
    key = domain.key
    if isinstance(key.shape, Integer):
        value = max(key.shape.least, 1) + number
        if value <= key.shape.most:
            return key.text(value)
        raise TooFew(f"more than {number} keys of {domain.name}")
    example = str(key.example)
    digits = _DIGITS.search(example)
    for text in _counted(example, digits, number + 1):
        try:
            return key.text(text)
        except ValueError:
            continue
    raise TooFew(f"more than {number} keys like {example}")


def _counted(example: str, digits: re.Match[str] | None, number: int) -> list[str]:
    if digits is None:
        return [f"{example}{number}", f"{example}-{number}"]
    before, after = example[: digits.start()], example[digits.end() :]
    width = len(digits[0])
    return [f"{before}{number}{after}", f"{before}{number:0{width}}{after}"]


def vary(shape: Shape, example: Any, random: Random) -> Any:
    """Return JSON like `example`, which is JSON of `shape`; not all of it need be allowed."""
    return _VARY[type(shape)](shape, example, random)


def _integer(shape: Integer, example: Any, random: Random) -> int:
    """Keep the order of magnitude, which the author of the example has chosen."""
    least, most = sorted((example // 2, example * 2 + 1))
    drawn = random.randint(max(least, shape.least), min(most, shape.most))
    return drawn - drawn % (shape.step or 1)


def _number(_: Number, example: Any, random: Random) -> float:
    drawn: float = round(example * random.uniform(0.5, 2.0), 3)
    return drawn


def _text(shape: Text, example: Any, random: Random) -> str:
    if shape.pattern is not None:
        return _DIGITS.sub(lambda found: _digits(len(found[0]), random), example)
    end = f" {random.getrandbits(48):012x}"
    room = (shape.most or len(example) + len(end)) - len(end)
    return f"{example[: max(room, 0)]}{end}"[: shape.most].strip()


def _digits(count: int, random: Random) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def _optional(shape: Optional, example: Any, random: Random) -> Any:
    return None if example is None else vary(shape.value, example, random)


def _items(shape: Items, example: Any, random: Random) -> list[Any]:
    return [vary(shape.item, each, random) for each in example]


def _members(shape: Members, example: Mapping[str, Any], random: Random) -> dict[str, Any]:
    return {name: vary(shape.value, each, random) for name, each in example.items()}


def _record(shape: Record, example: Mapping[str, Any], random: Random) -> dict[str, Any]:
    return {
        each.name: vary(each.shape, example[each.name], random)
        for each in shape.members
        if each.name in example
    }


def _anything(_: Anything, example: Any, random: Random) -> Any:
    if isinstance(example, dict):
        return {**example, "sample": random.getrandbits(32)}
    if isinstance(example, list):
        return [*example, random.getrandbits(32)]
    return example if example is None else random.choice([example, random.getrandbits(32)])


_VARY: Final[Mapping[type, Callable[[Any, Any, Random], Any]]] = {
    Integer: _integer,
    Number: _number,
    Text: _text,
    Boolean: lambda _, __, random: random.choice([True, False]),
    Choice: lambda shape, _, random: random.choice(shape.values),
    Optional: _optional,
    Items: _items,
    Members: _members,
    Record: _record,
    Anything: _anything,
}
