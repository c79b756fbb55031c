import asyncio
from collections.abc import Iterable

import pytest

from activities import emit
from activities.arrivals import Arrivals
from activities.emit import Missing
from activities.hub import MESSAGE_CHARACTERS_MAX
from entities.project import Numbered, Project
from store.port import LOG_ENTRIES_MAX, Conflict, Entry, Head, Unknown
from store.sqlite import SqliteStore
from tests.activities.emitting import PROJECT, FaultyStore, ShownHub, asking, showing
from tests.store.examples import NOON
from todos import ID_MAX, Todo, TodoRequest


@pytest.fixture
def faulty(store: SqliteStore) -> FaultyStore:
    return FaultyStore(store)


@pytest.fixture
def hub() -> ShownHub:
    return ShownHub()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are; that they are long is not promised here."""
    monkeypatch.setattr(emit, "PAUSES_SECONDS", (0.0,) * len(emit.PAUSES_SECONDS))


async def test_what_the_outbox_shows_gets_into_the_log_in_its_order(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    await faulty.accept("a", "b", "c")
    hub.show(showing("b", "a", "c"))
    assert await faulty.emitter().emit({PROJECT: ["a", "b", "c"]}, hub) == []
    assert await faulty.logged() == ["b", "a", "c"]


async def test_behind_what_is_logged_the_inbox_and_the_outbox_are_cleared(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    await faulty.accept("a", "b", "another")
    hub.show(showing("a", "b"))
    await faulty.emitter().emit({PROJECT: ["a"]}, hub)
    assert await faulty.waiting() == ["another"]
    assert hub.settled == [(PROJECT, 2, ["a", "b"])]


async def test_whoever_waits_is_woken_with_what_is_in_the_log(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    await faulty.append("older")
    arrivals = Arrivals()
    hub.show(showing("a"))  # with the id 1, which is wrong
    with arrivals.expect(PROJECT, "a") as arrival:
        await faulty.emitter(arrivals).emit({PROJECT: ["a"]}, hub)
        assert arrival.result() == Todo(PROJECT, 2, "title of a")


async def test_a_request_that_is_in_the_log_is_settled_and_not_appended_again(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    await faulty.append("a", "b")
    await faulty.accept("a")
    hub.show(showing("a", "c"), showing("c", head=2))
    assert await faulty.emitter().emit({PROJECT: ["a", "c"]}, hub) == []
    assert await faulty.logged() == ["a", "b", "c"]
    assert (PROJECT, 3, ["a", "c"]) in hub.settled
    assert await faulty.waiting() == []


async def test_so_it_is_when_its_id_is_above_the_head(faulty: FaultyStore, hub: ShownHub) -> None:
    """As after a stale signal: nothing but its request row knows that it is finished."""
    await faulty.append("a")
    hub.show(showing("new", "a", head=1))
    assert await faulty.emitter().emit({PROJECT: ["new"]}, hub) == []
    assert await faulty.logged() == ["a", "new"]
    assert sorted(each for _, _, ids in hub.settled for each in ids) == ["a", "new"]


async def test_an_entry_below_the_head_that_is_not_in_the_log_is_appended(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    """As after the entity forgot where the log ends."""
    await faulty.append("x", "y", "z")
    hub.show(showing("a", "b"))
    assert await faulty.emitter().emit({PROJECT: ["a", "b"]}, hub) == []
    assert await faulty.logged() == ["x", "y", "z", "a", "b"]


async def test_a_long_outbox_goes_in_chunks_of_one_transaction_each(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    names = [f"r{n}" for n in range(2 * LOG_ENTRIES_MAX + 3)]
    hub.show(showing(*names))
    assert await faulty.emitter().emit({PROJECT: names}, hub) == []
    assert [len(each) for each in faulty.log.appends] == [LOG_ENTRIES_MAX, LOG_ENTRIES_MAX, 3]
    assert await faulty.logged() == names


@pytest.mark.parametrize("error", [Unknown("lost"), Conflict("moved")])
async def test_an_append_that_did_not_happen_is_tried_again(
    faulty: FaultyStore, hub: ShownHub, error: Exception
) -> None:
    faulty.log.before = [error, None]
    hub.show(showing("a", "b"))
    assert await faulty.emitter().emit({PROJECT: ["a", "b"]}, hub) == []
    assert await faulty.logged() == ["a", "b"]


async def test_an_append_whose_answer_was_lost_is_looked_up_and_believed(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    faulty.log.after = [Unknown("lost")]
    await faulty.accept("a", "b")
    hub.show(showing("a", "b"))
    assert await faulty.emitter().emit({PROJECT: ["a", "b"]}, hub) == []
    assert await faulty.logged() == ["a", "b"]
    assert hub.settled == [(PROJECT, 2, ["a", "b"])]
    assert await faulty.waiting() == []


async def test_nothing_is_settled_that_was_not_seen_in_the_log(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    faulty.log.before = [Unknown("lost")] * 100
    await faulty.accept("a")
    hub.show(showing("a"))
    assert await faulty.emitter().emit({PROJECT: ["a"]}, hub) == [
        Missing(PROJECT, ("a",), tuple(asking("a")))
    ]
    assert hub.settled == []
    assert await faulty.waiting() == ["a"]


async def test_of_two_emitters_one_appends_and_the_other_believes_it(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    faulty.log.meanwhile = lambda: faulty.append("b", "a")
    hub.show(showing("a", "b", "c"))
    assert await faulty.emitter().emit({PROJECT: ["a", "b", "c"]}, hub) == []
    assert await faulty.logged() == ["b", "a", "c"]


async def test_what_another_emitter_has_logged_is_found_without_an_outbox(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    await faulty.append("a")
    arrivals = Arrivals()
    with arrivals.expect(PROJECT, "a") as arrival:
        assert await faulty.emitter(arrivals).emit({PROJECT: ["a"]}, hub) == []
        assert arrival.result().id == 1


async def test_it_waits_a_little_for_the_entity_to_show_a_request(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    hub.show(Project(), Project(), showing("a"))
    assert await faulty.emitter().emit({PROJECT: ["a"]}, hub) == []
    assert hub.looks == 3


async def test_a_request_that_the_entity_never_shows_is_missing_and_handed_back_in_full(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    await faulty.accept("a", "b")
    hub.show(showing("b"))
    missing = await faulty.emitter().emit({PROJECT: ["a", "b"]}, hub)
    assert missing == [Missing(PROJECT, ("a",), tuple(asking("a")))]
    assert hub.looks <= len(emit.PAUSES_SECONDS) + emit.LONE_LOOKS + 2


async def test_a_request_that_is_neither_in_the_inbox_nor_in_the_log_is_not_missing(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    """It was never accepted, or has just been logged and cleared up by somebody else."""
    await faulty.accept("a")
    missing = await faulty.emitter().emit({PROJECT: ["gone", "a"]}, hub)
    assert missing == [Missing(PROJECT, ("a",), tuple(asking("a")))]


async def test_a_project_that_fails_is_missing_and_not_in_the_way_of_the_others(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    await faulty.accept("a", project_id=8)
    hub.show(OSError("hub down"))
    hub.show(showing("a", project_id=8), project_id=8)
    missing = await faulty.emitter().emit({PROJECT: ["x"], 8: ["a"]}, hub)
    assert missing == [Missing(PROJECT, ("x",), ())]
    assert await faulty.logged(8) == ["a"]


@pytest.mark.parametrize("failing", ["settle", "remove"])
async def test_what_is_logged_stays_logged_when_clearing_up_fails(
    faulty: FaultyStore, hub: ShownHub, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unknown("lost")

    await faulty.accept("a")
    hub.show(showing("a"))
    if failing == "settle":
        hub.fails = OSError("hub down")
    else:
        monkeypatch.setattr(faulty.inbox, "remove", fail)
    assert await faulty.emitter().emit({PROJECT: ["a"]}, hub) == []
    assert await faulty.logged() == ["a"]


async def test_an_outbox_that_grows_for_ever_does_not_hold_an_activity_for_ever(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    hub.show(*(showing(f"r{n}", head=n) for n in range(1_000)))
    await faulty.accept("wanted")
    missing = await faulty.emitter().emit({PROJECT: ["wanted"]}, hub)
    assert [each.request_ids for each in missing] == [("wanted",)]
    assert hub.looks == emit.LOOKS_MAX


async def test_in_one_process_a_project_has_one_run_at_a_time(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    emitter = faulty.emitter()
    hub.show(showing("a", "b"))
    outcomes = await asyncio.gather(*(emitter.emit({PROJECT: [each]}, hub) for each in "ab"))
    assert outcomes == [[], []]
    assert len(faulty.log.appends) == 1


async def test_what_is_handed_back_fits_into_one_signal(faulty: FaultyStore, hub: ShownHub) -> None:
    large = [TodoRequest(PROJECT, f"r{n}", "😀" * 500) for n in range(100)]
    await faulty.inbox.put(PROJECT, large, NOON)
    (missing,) = await faulty.emitter().emit({PROJECT: [e.request_id for e in large]}, hub)
    assert len(missing.request_ids) == 100
    assert 1 <= sum(len(each.title) * 18 for each in missing.requests) < MESSAGE_CHARACTERS_MAX


async def test_no_more_are_handed_back_than_an_outbox_takes(
    faulty: FaultyStore, hub: ShownHub
) -> None:
    names = [f"r{n}" for n in range(300)]
    for part in _parts(names, 100):
        await faulty.accept(*part)
    (missing,) = await faulty.emitter().emit({PROJECT: names}, hub)
    assert len(missing.request_ids) == 300
    assert [each.request_id for each in missing.requests] == names[: emit.RESEND_MAX]


async def test_beyond_the_last_id_nothing_is_appended_and_nothing_lost(
    faulty: FaultyStore, hub: ShownHub, store: SqliteStore
) -> None:
    last = Entry("last", Todo(PROJECT, ID_MAX - 1, "last but one"))
    await store.log.append(PROJECT, await store.log.head(PROJECT), ID_MAX - 1, [last])
    await faulty.accept("fits", "too many")
    hub.show(showing("fits", "too many", head=ID_MAX - 1))
    (missing,) = await faulty.emitter().emit({PROJECT: ["fits", "too many"]}, hub)
    assert missing.request_ids == ("too many",)
    assert (await store.log.head(PROJECT)).state == ID_MAX
    assert await faulty.waiting() == ["too many"]


async def test_the_head_that_guards_an_append_is_read_after_the_state(
    faulty: FaultyStore, hub: ShownHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for safety (see `tests/simulation/spared.py`): it saves a conflict."""
    order: list[str] = []
    project, head = ShownHub.project, faulty.log.log.head

    async def noting_project(self: ShownHub, project_id: int) -> Project:
        order.append("state")
        return await project(self, project_id)

    async def noting_head(project_id: int) -> Head:
        order.append("head")
        return await head(project_id)  # type: ignore[no-any-return]

    monkeypatch.setattr(ShownHub, "project", noting_project)
    monkeypatch.setattr(faulty.log.log, "head", noting_head)
    hub.show(Project(0, (Numbered(1, *asking("a")),)))
    await faulty.emitter().emit({PROJECT: ["a"]}, hub)
    assert order == ["state", "head"]


def _parts(names: list[str], size: int) -> Iterable[list[str]]:
    return (names[first : first + size] for first in range(0, len(names), size))
