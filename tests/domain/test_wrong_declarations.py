"""What somebody declares who knows Python and not this: refused, in one sentence that says where."""

import enum
import functools
import importlib
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import InitVar, dataclass, field, make_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, TypedDict
from uuid import UUID

import pytest

from domain import Domain, Key, Meta, Refused, WrongDomain, line
from domain.names import TABLES, check_together
from store.tables.store import TableStore
from tests.domain.domains import Ask, Reply, parrots, reply

NOT_JSON = "Odd.x is none of the types that are JSON"


class Rate(enum.Enum):
    HALF = 0.5


class Pair(NamedTuple):
    one: int


class Shape(TypedDict):
    one: int


def told(declare: Callable[[], object]) -> str:
    with pytest.raises(WrongDomain) as caught:
        declare()
    text = str(caught.value)
    assert "\n" not in text
    assert " at 0x" not in text
    return text


def asked(request: type[Any], example: Any = None) -> Domain[Any, Any, Any]:
    """Declare a domain whose requests are of this type."""

    def decide(_: Any, last: int) -> tuple[Reply, int]:
        return Reply(last + 1, "a"), last + 1

    decide.__annotations__["_"] = request
    return parrots(versions={1: decide}, examples=[(example, Reply(1, "a"))])


def odd(annotation: Any, **options: Any) -> type[Any]:
    """Make a dataclass with one field `x`."""
    return make_dataclass("Odd", [("x", annotation, field(**options))], frozen=True)


@pytest.mark.parametrize(
    "annotation",
    [
        *(datetime, date, Decimal, UUID, bytes, complex, object, type(None)),
        *(set[int], frozenset[int], tuple[int, str], tuple[()], Pair, Shape),
        Callable[[], int],
    ],
)
def test_field_that_is_no_json_is_refused(annotation: Any) -> None:
    assert NOT_JSON in told(lambda: asked(odd(annotation)))


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (int | str, "Odd.x is a union; only T | None can be told apart"),
        (int | float, "Odd.x is a union"),
        (list[int | str], "the items of Odd.x is a union"),
        (dict[int, str], "Odd.x has keys that are not plain str"),
        (Rate, "cannot be JSON: Enums must contain either all str or all int"),
        (Literal[2**60], f"Odd.x allows {2**60}; integers go to"),
        (Literal["\ud800"], "cannot be JSON: 'utf-8' codec can't encode"),
        (Annotated[int, Meta(ge=9, le=1)], "Odd.x allows nothing: at least 9 and at most 1"),
        (Annotated[int, Meta(gt=3, lt=4)], "Odd.x allows nothing"),
        (Annotated[str, Meta(min_length=9, max_length=1)], "Odd.x allows nothing"),
        (Annotated[list[int], Meta(min_length=9, max_length=1)], "Odd.x allows nothing"),
        (Annotated[dict[str, int], Meta(min_length=9, max_length=1)], "Odd.x allows nothing"),
        (Annotated[float, Meta(ge=9, le=1)], "Odd.x allows nothing"),
        (Annotated[float, Meta(multiple_of=0.1)], "Odd.x has multiple_of"),
        (Annotated[str, Meta(ge=1)], "Can only set `ge` on a numeric type"),
        (Annotated[int, line(5)], "Can only set `min_length`"),
        *(
            (Annotated[str, Meta(pattern=each)], f"Odd.x has {part} in its pattern")
            for each, part in {
                r"^\w+$": r"\w",
                r"^a\Z": r"\Z",
                "(?i)abc": "(?",
                "(?P<a>b)": "(?",
                "^a{,3}$": "{,",
                "^a++$": "++",
                "^[]a]$": "[]",
            }.items()
        ),
    ],
)
def test_field_that_cannot_work_is_named(annotation: Any, why: str) -> None:
    assert why in told(lambda: asked(odd(annotation)))


@pytest.mark.parametrize("pattern", [r"^\\w$", "^[*+]+$", "^[a-z]+(-[a-z]+)*$", "(?<=a)b", r"\{,"])
def test_pattern_that_all_read_alike_is_taken(pattern: str) -> None:
    with pytest.raises(WrongDomain, match="example 1"):  # and nothing before the examples
        asked(odd(Annotated[str, Meta(pattern=pattern)]))


def raise_it() -> int:
    raise OSError("no")


@pytest.mark.parametrize(
    ("annotation", "options", "why"),
    [
        (float, {"default": float("nan")}, "the default of Odd.x must be a number"),
        (list[int], {"default_factory": tuple}, "the default of Odd.x must be an array"),
        (int, {"default_factory": raise_it}, "the default of Odd.x raised OSError: no"),
        (float, {"default_factory": random.random}, "the default of Odd.x must be the same"),
        (int, {"default": 1, "init": False}, "Odd.x must be an argument of Odd(…)"),
        (int, {"compare": False}, "Odd must be equal by all its fields"),
    ],
)
def test_default_that_makes_two_requests_of_one_is_refused(
    annotation: Any, options: dict[str, Any], why: str
) -> None:
    assert why in told(lambda: asked(odd(annotation, **options)))


@dataclass(frozen=True, slots=True)
class Twins:
    due_on: int
    dueOn: int  # noqa: N815 - the name is the point


@dataclass(frozen=True, eq=False)
class Identical:
    x: int


@dataclass(frozen=True)
class Handmade:
    x: int

    def __init__(self, y: int) -> None:
        object.__setattr__(self, "x", y)


@dataclass(frozen=True)
class Passing:
    x: InitVar[int]


class Plain:
    x: int


@pytest.mark.parametrize(
    ("request_type", "why"),
    [
        (Twins, "Twins.due_on and Twins.dueOn are both dueOn in JSON"),
        (Identical, "Identical must be equal by all its fields"),
        (Handmade, "Handmade.x must be an argument of Handmade(…)"),
        (Passing, "dataclasses with `InitVar` fields are not supported"),
        (Plain, "none of the types that are JSON"),
        (Pair, "none of the types that are JSON"),
        (make_dataclass("Odd", [("größe", int)], frozen=True), "Odd.größe is no name of JSON"),
        (make_dataclass("Odd", [("_x", int)], frozen=True), "Odd._x is no name of JSON"),
        (make_dataclass("Odd", [("x__y", int)], frozen=True), "Odd.x__y is no name of JSON"),
        (make_dataclass("Odd", [("x", int)]), "Odd must be frozen"),
        (make_dataclass("Odd", [("shop_id", int)], frozen=True), "a field of the request"),
    ],
)
def test_class_of_requests_that_cannot_work_is_named(request_type: type[Any], why: str) -> None:
    assert why in told(lambda: asked(request_type))


async def later(ask: Ask, last: int) -> tuple[Reply, int]:
    return reply(ask, last)


def one_by_one(ask: Ask, last: int) -> Iterator[tuple[Reply, int]]:
    yield reply(ask, last)


def third(ask: Ask, last: int, times: int) -> tuple[Reply, int]:
    return Reply(last + times, ask.words), last + times


def by_default(ask: Ask, last: int, times=1) -> tuple[Reply, int]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return third(ask, last, times)


def by_name(ask: Ask, *, last: int) -> tuple[Reply, int]:
    return reply(ask, last)


def all_of(*ask: Ask, **last: int) -> tuple[Reply, int]:
    return reply(ask[0], last["last"])


def bare(ask, last) -> tuple[Reply, int]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return reply(ask, last)


def swapped(last: int, ask: Ask) -> tuple[Reply, int]:
    return reply(ask, last)


class Answering:
    def __call__(self, ask: Ask, last: int) -> tuple[Reply, int]:
        return reply(ask, last)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (later, "version 1, later, must return its output: no async, no yield"),
        (one_by_one, "must return its output: no async, no yield"),
        (third, "version 1, third, must take (request, state), both without a default"),
        (by_default, "must take (request, state), both without a default"),
        (by_name, "must take (request, state), both without a default"),
        (all_of, "must take (request, state), both without a default"),
        (bare, "must be annotated: (request, state) -> tuple[output, state]"),
        (swapped, "must return the type of state that it takes"),
        (lambda ask, last: (ask, last), "must be annotated"),
        (functools.partial(third, times=1), "version 1 must be a function made with def; it is a"),
        (functools.cache(reply), "version 1 must be a function made with def"),
        (Answering(), "must be a function made with def; it is a Answering"),
        (Ask, "must be a function made with def; it is a type"),
        (7, "must be a function made with def; it is a int"),
    ],
)
def test_function_that_is_none_of_ours_is_named(function: Any, why: str) -> None:
    assert why in told(lambda: parrots(versions={1: function}))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"versions": [reply]}, "versions must be a dict, {1: function}; it is list"),
        ({"versions": reply}, "versions must be a dict, {1: function}; it is function"),
        ({"versions": {"1": reply}}, "at least one function, numbered 1 to"),
        ({"versions": {1.0: reply}}, "at least one function, numbered 1 to"),
        ({"versions": {True: reply}}, "at least one function, numbered 1 to"),
        ({"versions": {-1: reply}}, "at least one function, numbered 1 to"),
        ({"versions": {2**31: reply}}, "at least one function, numbered 1 to"),
        ({"examples": None}, "examples must be a list of pairs (request, output)"),
        ({"examples": [Ask("a")]}, "example 1 must be a pair (request, output)"),
        ({"examples": {Ask("a"): Reply(1, "a")}}, "example 1 must be a pair"),
        ({"examples": [("a", Reply(1, "a"))]}, "example 1: the request must be Ask"),
        ({"examples": [(Ask("a"), 7)]}, "example 1: the output must be Reply"),
        ({"examples": [(Ask("a"), Refused("no", "No."))]}, "example 1 expects Refused"),
        ({"key": "shopId"}, "key must be a Key; it is str"),
        ({"name": 7}, "name must have the form"),
        ({"name": None}, "name must have the form"),
        ({"place": None}, "place must have the form"),
        ({"fold_failure": "500"}, "fold_failure must be 422 or 500; it is '500'"),
        ({"name": "status"}, "name must not be 'status', which stands beside it in answers"),
        ({"name": "problem"}, "name must differ from plural and from"),
        ({"request_id": "reply"}, "name must not be 'reply'"),
        ({"place": "erased"}, "an entry must not have a member 'erased'"),
        ({"plural": "openapi"}, "a function of the app is called 'get_openapi'"),
        ({"key": Key("healthId", int)}, "a function of the app is called 'get_health'"),
        ({"key": Key("pageFileId", int)}, "a function of the app is called 'get_page_file'"),
        ({"key": Key("1x", int)}, "the key must have the form"),
        ({"key": Key("größe", int)}, "the key must have the form"),
        ({"empty": [1]}, "empty must be an integer"),
        ({"empty": True}, "empty must be an integer"),
    ],
)
def test_part_of_a_declaration_that_cannot_work_is_named(changed: dict[str, Any], why: str) -> None:
    assert why in told(lambda: parrots(**changed))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Key(None, int), "the name of a key must be text"),  # type: ignore[arg-type]
        (lambda: Key("shopId", Literal["a"]), "the key shopId must be int or str"),
        (lambda: Key("shopId", "int"), "the key shopId cannot be JSON"),
        (lambda: Key("shopId", Annotated[int, Meta(ge=9, le=1)]), "the key shopId allows nothing"),
        (lambda: Key("shopId", Annotated[str, Meta(min_length=300)]), "needs Meta(examples=[…])"),
        (lambda: line(0), "line(…) must allow at least 1 character; it allows 0"),
        (lambda: line(-1), "line(…) must allow at least 1 character"),
    ],
)
def test_key_or_line_that_allows_nothing_is_refused(make: Callable[[], object], why: str) -> None:
    assert why in told(make)


STATES = [set[int], tuple[int, int], datetime, type(None), dict[int, int], bytes]


@pytest.mark.parametrize("annotation", STATES)
def test_state_that_is_no_json_is_refused(annotation: Any) -> None:
    def decide(_: Ask, state: Any) -> tuple[Reply, Any]:
        return Reply(1, "a"), state

    decide.__annotations__ |= {"state": annotation, "return": tuple[Reply, annotation]}
    why = told(lambda: parrots(versions={1: decide}))
    assert "the state of version 1, decide," in why


ODD_MODULE = """
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING
from domain import Domain, Key
if TYPE_CHECKING:
    from decimal import Decimal as {alias}
Amount = int

@dataclass(frozen=True, slots=True)
class Ask:
    amount: {annotation}

@dataclass(frozen=True, slots=True)
class Sum:
    total: int

def add(ask: Ask, total: int) -> tuple[Sum, int]:
    return Sum(total + ask.amount), total + ask.amount

SUMS = Domain(name="sum", key=Key("shopId", int), empty=0, versions={{1: add}},
    examples=[(Ask(1), Sum(1))])
"""


def declared(annotation: str, alias: str, monkeypatch: pytest.MonkeyPatch, folder: Any) -> None:
    (folder / "odd_module.py").write_text(ODD_MODULE.format(annotation=annotation, alias=alias))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "odd_module", raising=False)
    importlib.import_module("odd_module")


def test_annotations_that_are_read_later_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    declared("Amount", "Other", monkeypatch, tmp_path)


def test_type_that_only_the_type_checker_knows_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    why = told(lambda: declared("Money", "Money", monkeypatch, tmp_path))
    assert "the request of version 1, add, cannot be JSON: name 'Money' is not defined" in why


def test_table_of_one_domain_is_not_of_another() -> None:
    one = parrots(plural="notes")
    other = parrots(name="echo", plural="notesinbox", key=Key("roomId", int))
    assert "the table 'notesinbox' in common" in told(lambda: check_together([one, other]))


def test_endings_of_tables_are_those_of_the_store() -> None:
    account: Any = None
    made = TableStore(account, "notes", create=False).tables.values()
    assert {each.name for each in made} == {f"notes{end}" for end in ("", *TABLES)}
