"""Declarations that are odd and right work everywhere: HTTP, document, both stores, audit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final, Generic, Literal, NewType, TypeVar

import jsonschema_rs
import pytest

from domain import Domain, Key, Meta, Refused, line
from domain.samples import Samples, key_of
from store.open import open_store
from tests.triggers.http.service import over, read
from tests.triggers.http.test_openapi_document import resolved
from tools.audit.__main__ import audit
from tools.audit.findings import Report
from tools.command import Target
from tools.stored.open import open_reader
from triggers.http.openapi.document import document
from triggers.http.openapi.domain_schemas import named

T = TypeVar("T")
Weight = NewType("Weight", int)


class Colour(Enum):
    RED = "red"
    SCARLET = "red"  # noqa: PIE796 - an alias
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Boxed(Generic[T]):
    inside: T
    before: T | None = None


@dataclass(frozen=True)
class Ancestor:
    first: Annotated[str, line(20)] | None


@dataclass(frozen=True, kw_only=True)
class Odd(Ancestor):
    boxed: Boxed[int]
    words: Boxed[Annotated[str, Meta(min_length=1)]]
    maybe: Annotated[int, Meta(ge=5, le=900)] | None = None
    colour: Colour = Colour.BLUE
    level: Level = Level.LOW
    literal: Literal["a", 1, True, None] = "a"
    counts: Annotated[dict[str, int], Meta(min_length=1, max_length=2)] = field(
        default_factory=lambda: {"one": 1}
    )
    pairs: list[tuple[float | None, ...]] = field(default_factory=list)
    some: Sequence[int] = field(default_factory=list)
    bare: list = field(default_factory=list)  # type: ignore[type-arg]
    weight: Weight = Weight(7)
    PartitionKey: Any = None


@dataclass(frozen=True)
class Nothing:
    """An output that is its place and no more."""


class Maker:
    """Makes functions: a method is one too."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def make(self, odd: Odd, _: Any) -> tuple[Nothing | Refused, Any]:
        if odd.level is Level.HIGH and odd.maybe is None:
            return Refused("too-high", "A high level wants to know what may be."), self.state
        return Nothing(), self.state


EXAMPLES: Final = [
    (Odd(first="x", boxed=Boxed(1), words=Boxed("a", "b"), maybe=5), Nothing()),
    (
        Odd(
            first=None,
            boxed=Boxed(2, 3),
            words=Boxed("z"),
            level=Level.HIGH,
            literal=None,
            pairs=[(1.5, None), ()],
            some=[1, 2],
            bare=[{"id": []}, None],
            PartitionKey={"RowKey": 1},
        ),
        Refused("too-high", "A high level wants to know what may be."),
    ),
]

STATES: Final[list[tuple[Any, Any, Any]]] = [
    (tuple[int, ...], (), (1, 2)),
    (list[str], [], ["ü"]),
    (dict[str, float], {}, {"a": -0.0, "b": 1e300}),
    (Any, None, {"x": [None, True, 1.5]}),
    (int | None, None, 7),
    (float, 0, 0.1),
    (str, "", "\x00\u2028\U0001f9ca"),
    (bool, False, True),
    (Boxed[str], Boxed(""), Boxed("a", "b")),
    (Annotated[int, Meta(ge=0)], 0, 2**53 - 1),
    (Colour, Colour.RED, Colour.BLUE),
]


def odd(annotation: Any, empty: Any, after: Any) -> Domain[Any, Any, Any]:
    make = Maker(after).make
    make.__func__.__annotations__ |= {  # type: ignore[attr-defined]
        "_": annotation,
        "return": tuple[Nothing | Refused, annotation],
    }
    return Domain(
        name="class",
        plural="return",
        key=Key("isoCode", Annotated[str, Meta(pattern="^[A-Z]+:[0-9]+$", examples=["DE:7"])]),
        place="from",
        request_id="import",
        empty=empty,
        versions={1: make, 3: make},
        examples=EXAMPLES,
    )


@pytest.fixture(params=range(len(STATES)), ids=lambda number: str(STATES[number][0]))
def domain(request: pytest.FixtureRequest) -> Domain[Any, Any, Any]:
    return odd(*STATES[request.param])


async def proved(domain: Domain[Any, Any, Any], spec: str, environ: dict[str, str]) -> Report:
    reader, report = open_reader(spec, domain.plural, environ), Report(as_json=False, what="key")
    assert await audit(Target(domain, spec, environ), reader, report) == 0
    await reader.close()
    return report


async def serve(domain: Domain[Any, Any, Any], spec: str, environ: dict[str, str]) -> None:
    """Ask for twelve entries and for each again, look at all, and have them proved."""
    samples, key, names = Samples(domain, Random(5)), key_of(domain, 6), named(domain)
    made = document([domain])
    request, page_of_log = (
        jsonschema_rs.validator_for(resolved(made, each)) for each in (names.request, names.page)
    )
    async with over(domain, open_store(spec, domain.plural, environ)) as service:
        for place in range(1, 13):
            body = samples.body(key)
            request.validate(body)
            first = await service.post(body, Idempotency_Key=f"k{place}")
            assert first.status_code in {201, 409}, first.get_body()
            assert read(first)["from"] == place
            again = await service.post(body, Idempotency_Key=f"k{place}")
            assert again.get_body() == first.get_body()
        page = read(await service.get("log", isoCode=key))
        page_of_log.validate(page)
        assert [each["from"] for each in page["return"]] == list(range(1, 13))
    report = await proved(domain, spec, environ)
    assert report.checked["folded"] == 12


async def test_odd_types_and_states_work_everywhere(
    domain: Domain[Any, Any, Any], tmp_path: Path
) -> None:
    await serve(domain, f"sqlite:{tmp_path / 'store.db'}", {})


@pytest.mark.azurite
async def test_odd_types_and_states_work_on_tables(tables_account: str) -> None:
    await serve(odd(*STATES[6]), "tables", {"EO_TABLES": tables_account})
