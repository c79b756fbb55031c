"""The kinds of problems, and what their texts make of a domain's names."""

from dataclasses import dataclass

from domain.names import RESERVED_CODES
from examples.invoices import INVOICES
from tests.domain.domains import Reply, parrots
from todos import TODOS
from triggers.http import kinds


def test_no_refusal_can_be_called_like_a_problem_of_the_service() -> None:
    ours = (*kinds.SHARED, kinds.key_reused(TODOS), kinds.fold_failed(TODOS))
    assert {each.name for each in ours} == RESERVED_CODES
    assert len({each.type for each in ours}) == len(ours)


@dataclass(frozen=True, slots=True)
class Wide:
    due_on: str
    one: int = 1
    two: int = 2
    three: int = 3


@dataclass(frozen=True, slots=True)
class Narrow:
    due_on: str


def wide(ask: Wide, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, ask.due_on), last + 1


def narrow(ask: Narrow, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, ask.due_on), last + 1


def test_texts_name_the_fields_of_a_request_while_they_are_few() -> None:
    assert kinds.another(TODOS) == "another title"
    assert kinds.another(INVOICES) == "another year, cents or currency"
    few = parrots(versions={1: narrow}, examples=[(Narrow("x"), Reply(1, "x"))])
    assert kinds.another(few) == "another due on"
    many = parrots(versions={1: wide}, examples=[(Wide("x"), Reply(1, "x"))])
    assert kinds.another(many) == "other content"
