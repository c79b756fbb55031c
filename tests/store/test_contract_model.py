"""Appends in any order, with any head, of any request: the log is what a list would be."""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.ports.records import LOG_ENTRIES_MAX, NO_HEAD, Answered, Conflict, Head
from store.ports.store import Store
from tests.store.examples import a_request, following

keys = map(str, count(1))
"""Examples share a store, so each has a key of its own."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One append: of how many entries, to which of the heads seen so far, numbered from where."""

    request_ids: list[int]
    head_back: int
    """0: the present head, 1: the one before it, …"""
    place_from_head: bool
    """Number the entries as that head says, or else as the present one does."""


attempts = st.builds(
    Attempt,
    request_ids=st.lists(
        st.integers(0, 60), min_size=1, max_size=LOG_ENTRIES_MAX, unique=True
    ).filter(lambda ids: len(ids) < 6 or len(ids) > 40),
    head_back=st.sampled_from([0, 0, 0, 1, 2]),
    place_from_head=st.booleans(),
)


@dataclass(slots=True)
class Model:
    """What a log is, without a store."""

    heads: list[Head] = field(default_factory=lambda: [NO_HEAD])
    log: list[Answered] = field(default_factory=list)

    def takes(self, head: Head, answered: list[Answered]) -> bool:
        there = {each.entry.request_id for each in self.log}
        return (
            head.version == self.heads[-1].version
            and not any(each.entry.request_id in there for each in answered)
            and not any(each.entry.place <= len(self.log) for each in answered)
        )


async def try_to_append(store: Store, key: str, model: Model, attempt: Attempt) -> None:
    head = model.heads[-1 - min(attempt.head_back, len(model.heads) - 1)]
    if not attempt.place_from_head:
        now = model.heads[-1]
        head = Head(now.place, now.state, head.version)
    requests = [a_request(key, f"id-{number}") for number in attempt.request_ids]
    after, answered = following(head, requests)
    try:
        moved = await store.log.append(key, head, after, answered)
    except Conflict:
        assert not model.takes(head, answered)
    else:
        assert model.takes(head, answered)
        model.log += answered
        model.heads.append(moved)


@given(sequence=st.lists(attempts, min_size=1, max_size=8))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_log_is_what_the_successful_appends_made_of_it(
    store: Store, sequence: list[Attempt]
) -> None:
    key, model = next(keys), Model()
    for attempt in sequence:
        await try_to_append(store, key, model, attempt)
        assert await store.log.head(key) == model.heads[-1]
        assert model.heads[-1].place == len(model.log)
        entries = [each.entry for each in model.log]
        assert await store.log.read(key, 0, 1_000) == entries
        tail = await store.log.tail(key, len(model.log) // 2)
        assert (tail.entries, tail.head) == (entries[len(model.log) // 2 :], model.heads[-1])
    asked = [f"id-{number}" for number in range(61)]
    expected = {each.entry.request_id: each for each in model.log}
    assert await store.log.find(key, asked) == expected
