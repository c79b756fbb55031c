"""What becomes of requests for TODOs."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st

from domain.story import given
from todos import TODOS, Todo, TodoRequest, create
from todos.model import TITLE_LENGTH_MAX

titles = st.text(min_size=1, max_size=TITLE_LENGTH_MAX)


def test_first_todo_of_a_project_is_number_one() -> None:
    given(TODOS).when(TodoRequest("Buy milk")).then(Todo(1, "Buy milk")).leaves(1)


def test_next_todo_follows_the_last() -> None:
    before = [TodoRequest(f"{each}") for each in range(41)]
    given(TODOS, *before).when(TodoRequest("Pay the rent")).then(Todo(42, "Pay the rent"))


def test_same_title_again_is_another_todo() -> None:
    milk = TodoRequest("Buy milk")
    given(TODOS, milk).when(milk).then(Todo(2, "Buy milk"))


@sampled(titles, st.integers(0, 2**31 - 2))
def test_same_request_in_the_same_state_makes_the_same_todo(title: str, last: int) -> None:
    request = TodoRequest(title)
    assert create(request, last) == create(request, last) == (Todo(last + 1, title), last + 1)


@pytest.mark.parametrize("value", [Todo(1, "Buy milk"), TodoRequest("Buy milk")])
def test_request_and_todo_cannot_change(value: Todo | TodoRequest) -> None:
    with pytest.raises(FrozenInstanceError):
        value.title = "Sell milk"  # type: ignore[misc]
