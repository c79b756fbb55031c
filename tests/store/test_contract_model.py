"""Appends in any order, with any head, of any request: the log is what a list would be."""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.port import LOG_ENTRIES_MAX, Conflict, Entry, Head, Store
from tests.store.examples import a_request, following
from todos import EMPTY, Todo

projects = count(1)
"""Examples share a store, so each has a project of its own."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One append: of how many entries, to which of the heads seen so far, numbered from where."""

    request_ids: list[int]
    head_back: int
    """0: the present head, 1: the one before it, …"""
    state_from_head: bool
    """Number the entries as that head says, or else as the present one does."""


attempts = st.builds(
    Attempt,
    request_ids=st.lists(
        st.integers(0, 60), min_size=1, max_size=LOG_ENTRIES_MAX, unique=True
    ).filter(lambda ids: len(ids) < 6 or len(ids) > 40),
    head_back=st.sampled_from([0, 0, 0, 1, 2]),
    state_from_head=st.booleans(),
)


@dataclass(slots=True)
class Model:
    """What a log is, without a store."""

    heads: list[Head] = field(default_factory=lambda: [Head(EMPTY, None)])
    todos: list[Todo] = field(default_factory=list)
    answers: dict[str, Todo] = field(default_factory=dict)

    def takes(self, head: Head, entries: list[Entry]) -> bool:
        return (
            head.version == self.heads[-1].version
            and not any(entry.request_id in self.answers for entry in entries)
            and not any(entry.todo.id <= len(self.todos) for entry in entries)
        )

    def append(self, entries: list[Entry]) -> None:
        self.todos += [entry.todo for entry in entries]
        self.answers |= {entry.request_id: entry.todo for entry in entries}


async def try_to_append(store: Store, project_id: int, model: Model, attempt: Attempt) -> None:
    head = model.heads[-1 - min(attempt.head_back, len(model.heads) - 1)]
    if not attempt.state_from_head:
        head = Head(model.heads[-1].state, head.version)
    requests = [a_request(project_id, f"id {number}") for number in attempt.request_ids]
    state, entries = following(head.state, requests)
    try:
        await store.log.append(project_id, head, state, entries)
    except Conflict:
        assert not model.takes(head, entries)
    else:
        assert model.takes(head, entries)
        model.append(entries)
        model.heads.append(await store.log.head(project_id))


@given(sequence=st.lists(attempts, min_size=1, max_size=8))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_log_is_what_the_successful_appends_made_of_it(
    store: Store, sequence: list[Attempt]
) -> None:
    project_id, model = next(projects), Model()
    for attempt in sequence:
        await try_to_append(store, project_id, model, attempt)
        assert await store.log.head(project_id) == model.heads[-1]
        assert model.heads[-1].state == len(model.todos)
        assert await store.log.read(project_id, 0, 1_000) == model.todos
    asked = [f"id {number}" for number in range(61)]
    assert await store.log.find(project_id, asked) == model.answers
