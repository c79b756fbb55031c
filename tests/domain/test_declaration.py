"""A wrong declaration is refused where it is made, in one sentence that names the field."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest

from domain import Domain, Key, Meta, Refused, WrongDomain
from domain.names import check_together
from examples.invoices import INVOICES
from tests.domain.domains import Ask, Reply, parrots, reply
from todos import TODOS


def told(**changed: Any) -> str:
    with pytest.raises(WrongDomain) as caught:
        parrots(**changed)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_names_follow_from_the_name_and_the_key() -> None:
    assert (TODOS.plural, TODOS.key.plural, TODOS.entity) == ("todos", "projects", "Project")
    assert (INVOICES.plural, INVOICES.key.plural) == ("invoices", "customers")
    assert (INVOICES.entity, INVOICES.place, INVOICES.request_id) == ("Customer", "id", "requestId")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"name": "Reply"}, "name must have the form"),
        ({"name": "re/ply"}, "name must have the form"),
        ({"name": ""}, "name must have the form"),
        ({"name": "x" * 41}, "name must have the form"),
        ({"plural": "re plies"}, "plural must have the form"),
        ({"plural": "reply"}, "name must differ from plural"),
        ({"plural": "requests"}, "plural must not be 'requests'"),
        ({"name": "batch"}, "name must differ from"),
        ({"entity": "shop"}, "entity must have the form"),
        ({"place": "Id"}, "place must have the form"),
        ({"request_id": "request-id"}, "request_id must have the form"),
        (
            {"request_id": "words"},
            "request_id must not be 'words', which is a field of the request",
        ),
        ({"request_id": "status"}, "request_id must not be 'status', which is a member of ours"),
        ({"request_id": "shopId"}, "must have different names"),
        ({"place": "shopId"}, "must have different names"),
        (
            {"key": Key("words", int)},
            "the key must not be 'words', which is a field of the request",
        ),
        (
            {"key": Key("shopId", int, plural="health")},
            "the plural of the key must not be 'health'",
        ),
        ({"key": Key("shopId", int, plural="replies")}, "the plural of the key must not be"),
        ({"key": Key("shop_id", int)}, "the key must have the form"),
        ({"fold_failure": 400}, "fold_failure must be 422 or 500"),
        ({"place": "words"}, "Reply.words is the place and must be int"),
    ],
)
def test_names_that_cannot_work_are_refused(changed: dict[str, Any], why: str) -> None:
    assert why in told(**changed)


@pytest.mark.parametrize("annotation", [float, bool, list[str], str | None, datetime])
def test_a_key_is_an_integer_or_a_string(annotation: Any) -> None:
    with pytest.raises(WrongDomain, match="the key shopId"):
        Key("shopId", annotation)


def test_a_key_with_a_pattern_needs_an_example() -> None:
    with pytest.raises(WrongDomain, match="the key shopId needs Meta"):
        Key("shopId", Annotated[str, Meta(pattern="^S[0-9]{4}$")])


def test_key_that_is_not_an_address_is_never_valid() -> None:
    key = Key("shopId", str)
    for text in ("ключ", "a/b", "..", "", "a" * 256, "a b"):
        with pytest.raises(ValueError, match="must"):
            key.text(text)
    assert key.text("a" * 255) == "a" * 255


@dataclass(frozen=True, slots=True)
class Bad:
    when: datetime


@dataclass
class Thawed:
    words: str


@dataclass(frozen=True, slots=True)
class Nested:
    words: str
    within: "Nested | None" = None


@dataclass(frozen=True, slots=True)
class Misdefault:
    words: str = 7  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Digits:
    words: Annotated[str, Meta(pattern=r"^\d+$")]


@dataclass(frozen=True, slots=True)
class Mixed:
    words: int | str


@dataclass(frozen=True, slots=True)
class Numbered:
    words: dict[int, str]


@dataclass(frozen=True, slots=True)
class WithKey:
    shop_id: int


@dataclass(frozen=True, slots=True)
class WithRefused:
    refused: bool


def asking(annotation: Any) -> Any:
    def decide(ask: Any, last: int) -> tuple[Reply, int]:
        return Reply(last + 1, str(ask)), last + 1

    decide.__annotations__["ask"] = annotation
    return decide


@pytest.mark.parametrize(
    ("request_type", "why"),
    [
        (Bad, "Bad.when is none of the types that are JSON"),
        (Thawed, "Thawed must be frozen"),
        (Nested, "Nested.within contains itself"),
        (Misdefault, "the default of Misdefault.words must be a string; it is an integer"),
        (Digits, r"Digits.words has \d in its pattern"),
        (Mixed, "Mixed.words is a union"),
        (Numbered, "Numbered.words has keys that are not plain str"),
        (Decimal, "must be a dataclass"),
        (int, "the request of version 1, decide, must be a dataclass"),
        ("Missing", "has annotations that cannot be read"),
    ],
)
def test_request_that_is_not_json_is_refused(request_type: Any, why: str) -> None:
    wrong = told(versions={1: asking(request_type)})
    assert why in wrong or (request_type is Decimal and "none of the types" in wrong)


def one_argument(ask: Ask) -> tuple[Reply, int]:
    return Reply(1, ask.words), 1


def no_pair(ask: Ask, last: int) -> Reply:
    return Reply(last + 1, ask.words)


def other_state(ask: Ask, last: int) -> tuple[Reply, str]:
    return Reply(last + 1, ask.words), ""


def two_outputs(ask: Ask, last: int) -> tuple[Reply | Ask, int]:
    return ask, last


def only_refused(ask: Ask, last: int) -> tuple[Refused, int]:
    return Refused("no", ask.words), last


def keyed(_: Ask, last: int) -> tuple[WithKey, int]:
    return WithKey(1), last


def refusing(_: Ask, last: int) -> tuple[WithRefused | Refused, int]:
    return WithRefused(refused=True), last


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (one_argument, "must take (request, state), both without a default"),
        (lambda ask, last: (ask, last), "must be annotated"),
        (no_pair, "must return tuple[output, state]"),
        (other_state, "must return the type of state that it takes"),
        (two_outputs, "must return one type of output, and maybe Refused"),
        (only_refused, "must return one type of output, and maybe Refused"),
        (keyed, "the output must not have a field 'shopId'"),
        (refusing, "must not have a member 'refused'"),
    ],
)
def test_a_function_whose_annotations_do_not_fit_is_refused(function: Any, why: str) -> None:
    assert why in told(versions={1: function})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"versions": {}}, "versions must have at least one function"),
        ({"versions": {0: reply}}, "at least one function, numbered 1 to 2147483647"),
        ({"empty": "0"}, "empty must be an integer"),
        ({"empty": None}, "empty must be an integer"),
        ({"examples": []}, "examples must have at least one"),
        ({"examples": [(Ask("a"), Reply(1, "b"))]}, "example 1 expects Reply(id=1, words='b')"),
        ({"examples": [(Ask("a", 0), Reply(1, ""))]}, "example 1: the request/times must be"),
        (
            {"examples": [(Ask("a"), Reply(1, "a")), (Ask("a"), Refused("no", "No."))]},
            "example 2 expects Refused",
        ),
    ],
)
def test_examples_are_folded_when_they_are_declared(changed: dict[str, Any], why: str) -> None:
    assert why in told(**changed)


@dataclass(frozen=True, slots=True)
class Poor:
    last: int


@dataclass(frozen=True, slots=True)
class Rich:
    last: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Renamed:
    latest: int
    names: list[str] = field(default_factory=list)


def poor(ask: Ask, state: Poor) -> tuple[Reply, Poor]:
    return Reply(state.last + 1, ask.words), Poor(state.last + 1)


def rich(ask: Ask, state: Rich) -> tuple[Reply, Rich]:
    return Reply(state.last + 1, ask.words), Rich(state.last + 1)


def renamed(ask: Ask, state: Renamed) -> tuple[Reply, Renamed]:
    return Reply(state.latest + 1, ask.words), Renamed(state.latest + 1)


def test_an_older_state_needs_defaults_and_a_newer_one_reads_it() -> None:
    examples = [(Ask("a"), Reply(1, "a"))]
    wrong = told(versions={1: poor, 2: rich}, empty=Rich(), examples=examples)
    assert "the state of version 1 is not the newest one's and needs defaults" in wrong
    wrong = told(versions={1: rich, 2: renamed}, empty=Renamed(0), examples=examples)
    assert "the state of version 1 cannot be read by the newest: #/latest is missing" in wrong


def other(**changed: Any) -> Domain[Any, Any, Any]:
    names = {"name": "echo", "plural": "echoes", "key": Key("roomId", int), **changed}
    return parrots(**names)


def test_domains_of_one_app_have_no_name_in_common() -> None:
    check_together([TODOS, INVOICES, parrots(), other()])
    for changed, why in (
        ({"plural": "replies"}, "'get_replies'"),
        ({"key": Key("shopId", int)}, "'get_shop'"),
        ({"key": Key("roomId", int, plural="shops")}, "segment 'shops'"),
        ({"entity": "Shop"}, "entity 'shop'"),
    ):
        with pytest.raises(WrongDomain, match="in common") as caught:
            check_together([parrots(), other(**changed)])
        assert why in str(caught.value)
