"""The entity's transitions as the pure functions they are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entities.project import (
    OUTBOX_CHARACTERS_MAX,
    Numbered,
    Project,
    create,
    decode_state,
    encode_state,
    settle,
)
from todos import ID_MAX, TodoRequest

STATE_CHARACTERS_MAX = 30_000
"""Where the platform begins to move a state to a blob."""

names = st.sampled_from([f"r{n}" for n in range(12)])
operations = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.lists(names, max_size=4)),
        st.tuples(st.just("settle"), st.lists(names, max_size=4), st.integers(0, 30)),
    ),
    max_size=12,
)


def asked(*names: str) -> list[TodoRequest]:
    return [TodoRequest(7, name, f"title of {name}") for name in names]


def ids(project: Project) -> dict[str, int]:
    return {entry.request.request_id: entry.id for entry in project.outbox}


def test_requests_are_numbered_in_the_order_in_which_they_come() -> None:
    assert ids(create(Project(), asked("a", "b"))) == {"a": 1, "b": 2}


def test_numbers_go_on_behind_head_and_outbox() -> None:
    project = create(create(Project(head=41), asked("a")), asked("b"))
    assert ids(project) == {"a": 42, "b": 43}


def test_a_repeated_signal_changes_nothing() -> None:
    once = create(Project(), asked("a", "b"))
    assert create(once, asked("b", "a", "a")) == once


def test_a_request_id_twice_in_one_signal_gets_one_id() -> None:
    assert ids(create(Project(), asked("a", "a", "b"))) == {"a": 1, "b": 2}


def test_settling_drops_what_was_seen_in_the_log_and_nothing_else() -> None:
    project = settle(create(Project(), asked("a", "b", "c")), 2, ["a", "b", "never seen"])
    assert project == Project(2, (Numbered(3, *asked("c")),))


def test_an_entry_below_the_head_stays_until_it_was_seen() -> None:
    project = settle(create(Project(), asked("a", "b")), 2, [])
    assert ids(project) == {"a": 1, "b": 2}


def test_the_head_never_goes_back() -> None:
    assert settle(Project(head=9), 3, []).head == 9


def test_a_settled_request_that_comes_again_is_taken_again() -> None:
    """The entity has no memory of what is finished: the log has."""
    project = settle(create(Project(), asked("a")), 1, ["a"])
    assert ids(create(project, asked("a"))) == {"a": 2}


def test_what_does_not_fit_is_left_out_and_fits_when_there_is_room_again() -> None:
    many = asked(*(f"request {n}" for n in range(1_000)))
    full = create(Project(), many)
    assert 100 < len(full.outbox) < 1_000
    assert create(full, many) == full
    settled = settle(full, 50, [each.request_id for each in many[:50]])
    assert len(create(settled, many).outbox) >= len(full.outbox)


def test_a_small_request_fits_behind_one_that_was_too_large() -> None:
    large = [TodoRequest(7, f"large {n}", "x" * 500) for n in range(100)]
    full = create(Project(), large)
    assert len(create(full, asked("a")).outbox) in {len(full.outbox), len(full.outbox) + 1}


@pytest.mark.parametrize("title", ["x", "x" * 500, "😀" * 500, '"' * 500, "\\" * 500, "é" * 500])
@pytest.mark.parametrize("name", ["", "n" * 250, '"' * 250])
def test_the_state_never_grows_so_large_that_it_moves_to_a_blob(title: str, name: str) -> None:
    project = Project(head=ID_MAX - 1_000)
    for n in range(1_000):
        project = create(project, [TodoRequest(7, f"{name}{n}", title)])
    stored = json.dumps(json.dumps(encode_state(project)))
    assert len(stored) < STATE_CHARACTERS_MAX
    of_one = len(json.dumps(json.dumps(encode_state(Project(0, project.outbox[:1])))))
    assert len(stored) + of_one > OUTBOX_CHARACTERS_MAX  # and no room is wasted


@given(operations)
def test_whatever_comes_the_outbox_holds_each_request_once(
    sequence: list[tuple[str, list[str]] | tuple[str, list[str], int]],
) -> None:
    project = Project()
    for operation in sequence:
        before = project
        if operation[0] == "create":
            project = create(project, asked(*operation[1]))
            assert project.outbox[: len(before.outbox)] == before.outbox
            assert set(ids(project)) == set(ids(before)) | set(operation[1])
            assert project.head == before.head
        else:
            project = settle(project, operation[2], operation[1])  # type: ignore[misc]
            assert set(ids(project)) == set(ids(before)) - set(operation[1])
            assert project.head >= before.head
        assert len(ids(project)) == len(project.outbox)
        assert decode_state(7, json.loads(json.dumps(encode_state(project)))) == project


@given(st.lists(names, unique=True, max_size=12), st.integers(0, 12))
def test_undisturbed_the_entity_numbers_as_the_log_will(order: list[str], settled: int) -> None:
    project = create(Project(), asked(*order))
    done = order[:settled]
    project = create(settle(project, len(done), done), asked("new"))
    assert [entry.id for entry in project.outbox] == list(range(len(done) + 1, len(order) + 2))


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_entity_that_never_was_reads_as_the_empty_project(nothing: str | None) -> None:
    assert decode_state(7, nothing) == Project()
