from dataclasses import FrozenInstanceError
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos import EMPTY, ID_MAX, Todo, TodoRequest, create, is_answer, last_id

titles = st.text(min_size=1, max_size=500)
requests = st.builds(TodoRequest, st.integers(1, ID_MAX), st.text(min_size=1), titles)


def test_the_first_todo_of_a_project_is_number_one() -> None:
    todo, state = create(TodoRequest(7, "a", "Buy milk"), EMPTY)
    assert todo == Todo(7, 1, "Buy milk")
    assert last_id(state) == 1


def test_the_next_todo_follows_the_last() -> None:
    todo, state = create(TodoRequest(7, "b", "Pay the rent"), 41)
    assert todo == Todo(7, 42, "Pay the rent")
    assert last_id(state) == 42


def test_the_last_id_is_given_out_and_none_beyond() -> None:
    request = TodoRequest(7, "a", "Buy milk")
    assert create(request, ID_MAX - 1)[0].id == ID_MAX
    with pytest.raises(AssertionError, match=str(ID_MAX)):
        create(request, ID_MAX)


def test_an_empty_project_has_no_last_todo() -> None:
    assert last_id(EMPTY) == 0


@given(requests, st.integers(0, ID_MAX - 1))
def test_the_same_request_in_the_same_state_makes_the_same_todo(
    request: TodoRequest, state: int
) -> None:
    assert create(request, state) == create(request, state)


@given(st.lists(requests, min_size=1, max_size=20), st.integers(0, ID_MAX - 20))
def test_ids_are_dense_wherever_they_begin(asked: list[TodoRequest], state: int) -> None:
    ids = [state]
    for request in asked:
        todo, state = create(request, state)
        assert (todo.project_id, todo.title) == (request.project_id, request.title)
        assert last_id(state) == todo.id
        ids.append(todo.id)
    assert all(after == before + 1 for before, after in pairwise(ids))


@given(requests)
def test_a_request_survives_its_payload(request: TodoRequest) -> None:
    again = TodoRequest.of(request.project_id, request.request_id, request.payload())
    assert again == request


@given(requests)
def test_a_todo_survives_its_payload_and_answers_its_request(request: TodoRequest) -> None:
    todo, _ = create(request, EMPTY)
    again = Todo.of(todo.project_id, todo.id, todo.payload())
    assert again == todo
    assert is_answer(again, request)


@given(requests, titles)
def test_a_todo_answers_no_request_with_other_content(request: TodoRequest, title: str) -> None:
    other = TodoRequest(request.project_id, request.request_id, title)
    assert is_answer(create(request, EMPTY)[0], other) == (title == request.title)


@pytest.mark.parametrize("value", [Todo(7, 1, "Buy milk"), TodoRequest(7, "a", "Buy milk")])
def test_what_was_checked_cannot_change(value: Todo | TodoRequest) -> None:
    with pytest.raises(FrozenInstanceError):
        value.title = "Sell milk"  # type: ignore[misc]
