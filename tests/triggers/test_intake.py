import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.port import Conflict, Unknown
from store.sqlite import SqliteStore
from tests.store.examples import NOON
from tests.triggers.noting_hub import NotingHub
from tests.triggers.scripted_store import After, Before, Gate, ScriptedStore
from todos import Todo, TodoRequest
from triggers import intake as module
from triggers.announcer import Announcer
from triggers.intake import Accepted, Created, Intake, NotAccepted, Overloaded, Reason, Refused

MILK = TodoRequest(7, "milk", "Buy milk")
OTHER = TodoRequest(7, "milk", "Sell milk")
RENT = TodoRequest(7, "rent", "Pay the rent")
ELSEWHERE = TodoRequest(8, "milk", "Milk the cows")

OTHER_CONTENT = Refused(Reason.OTHER_CONTENT)
LOST = Unknown("lost")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ScriptedStore]:
    opened = ScriptedStore(SqliteStore(tmp_path / "todos.db"))
    yield opened
    await opened.close()


@pytest.fixture
def hub() -> NotingHub:
    return NotingHub()


@pytest.fixture
def intake(store: ScriptedStore) -> Intake:
    return Intake(store, Announcer(), now=lambda: NOON)


async def test_what_is_accepted_is_in_the_inbox_and_announced(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    assert await intake.accept([MILK], hub) == [Accepted()]
    assert await store.waiting() == [MILK]
    assert hub.created == [(7, ["milk"])]
    assert hub.started == [{7: ["milk"]}]


async def test_a_repeat_is_accepted_again_and_announced_again(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    await intake.accept([MILK], hub)
    assert await intake.accept([MILK], hub) == [Accepted()]
    assert await store.waiting() == [MILK]
    assert hub.created == [(7, ["milk"])] * 2


async def test_a_repeat_of_what_is_in_the_log_gets_its_todo_and_leaves_nothing_behind(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    (todo,) = await store.finish(MILK)
    assert await intake.accept([MILK], hub) == [Created(todo)]
    assert await store.waiting() == []
    assert hub.created == []


@pytest.mark.parametrize("finished", [False, True], ids=["waiting", "in the log"])
async def test_other_content_under_a_used_id_is_refused_and_leaves_nothing_behind(
    intake: Intake, store: ScriptedStore, hub: NotingHub, *, finished: bool
) -> None:
    await (store.finish(MILK) if finished else store.put(MILK))
    assert await intake.accept([OTHER], hub) == [OTHER_CONTENT]
    assert await store.waiting() == ([] if finished else [MILK])
    assert hub.created == []


async def test_the_scope_of_a_request_id_is_its_project(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    assert await intake.accept([MILK, ELSEWHERE], hub) == [Accepted(), Accepted()]
    assert await store.waiting() == [MILK, ELSEWHERE]
    assert hub.started == [{7: ["milk"], 8: ["milk"]}]


async def test_outcomes_come_in_the_order_of_the_requests(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    (todo,) = await store.finish(RENT)
    requests = [ELSEWHERE, MILK, RENT, OTHER, MILK]
    assert await intake.accept(requests, hub) == [
        *(Accepted(), Accepted(), Created(todo)),
        *(OTHER_CONTENT, Accepted()),
    ]


async def test_of_two_contents_that_come_together_the_first_is_accepted(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    assert await intake.accept([MILK, OTHER], hub) == [Accepted(), OTHER_CONTENT]
    assert await store.waiting() == [MILK]


# Both sides of every call.


async def test_a_row_whose_write_got_no_answer_counts_when_it_is_there(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    store.script["inbox.put"] = [After(LOST)]
    assert await intake.accept([MILK], hub) == [Accepted()]
    assert hub.created == [(7, ["milk"])]


async def test_a_row_whose_write_got_no_answer_is_no_promise_when_it_is_not_there(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    store.script["inbox.put"] = [Before(LOST)]
    with pytest.raises(NotAccepted):
        await intake.accept([MILK], hub)
    assert hub.created == []
    assert await intake.accept([MILK], hub) == [Accepted()]


async def test_a_row_whose_write_got_no_answer_is_never_taken_away(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    """It may get there later, or be that of a repeat, who was promised a TODO."""
    store.script["inbox.put"] = [Before(LOST)]
    with pytest.raises(NotAccepted):
        await intake.accept([MILK], hub)
    assert "inbox.remove" not in store.calls


@pytest.mark.parametrize("call", ["inbox.put", "log.find", "log.head", "inbox.get"])
async def test_a_store_that_fails_accepts_nothing_that_it_may_lose(
    intake: Intake, store: ScriptedStore, hub: NotingHub, call: str
) -> None:
    await store.put(RENT)  # so that `inbox.get` is called
    store.script[call] = [Before(LOST)]
    with pytest.raises(NotAccepted):
        await intake.accept([MILK, RENT], hub)
    assert await intake.accept([MILK, RENT], hub) == [Accepted(), Accepted()]


async def test_a_project_whose_store_fails_does_not_hold_up_the_announcement_of_others(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    store.script["inbox.put"] = [Before(LOST)]
    with pytest.raises(NotAccepted):
        await intake.accept([MILK, ELSEWHERE], hub)
    assert hub.created == [(8, ["milk"])]
    assert await store.waiting() == [ELSEWHERE]


async def test_a_superfluous_row_that_cannot_be_removed_does_no_harm(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    (todo,) = await store.finish(MILK)
    store.script["inbox.remove"] = [Before(LOST)]
    assert await intake.accept([MILK], hub) == [Created(todo)]
    assert await store.waiting() == [MILK]  # the sweeper's


# Rows that come and go.


async def test_a_request_that_is_numbered_between_insert_and_look_is_a_repeat(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    store.script["log.find"] = [lambda: store.finish(MILK)]
    assert await intake.accept([MILK], hub) == [Created(Todo(7, 1, "Buy milk"))]


async def test_other_content_does_not_slip_in_behind_a_request_that_is_just_being_numbered(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    """Whoever reads the log before the inbox accepts here what is never committed."""
    await store.put(MILK)
    store.script["inbox.put"] = [lambda: store.finish(MILK)]
    assert await intake.accept([OTHER], hub) == [OTHER_CONTENT]
    assert await store.waiting() == []


async def test_a_row_that_vanishes_after_the_conflict_makes_it_start_over(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    await store.put(MILK)
    store.script["inbox.get"] = [lambda: store.finish(MILK)]
    assert await intake.accept([MILK], hub) == [Created(Todo(7, 1, "Buy milk"))]
    assert await store.waiting() == []


async def test_rows_that_keep_changing_are_given_up(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    store.script["inbox.put"] = [Before(Conflict("row"))] * 100
    with pytest.raises(NotAccepted):
        await intake.accept([MILK], hub)
    assert len(store.calls) < 100


async def test_the_log_is_read_after_the_inbox_was_written(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    await intake.accept([MILK], hub)
    assert store.calls == ["log.head", "inbox.put", "log.find"]


# Many at once.


async def test_requests_that_come_together_share_transactions(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    requests = [TodoRequest(7, f"r{n}", "Buy milk") for n in range(201)]
    outcomes = await asyncio.gather(*(intake.accept([each], hub) for each in requests))
    assert outcomes == [[Accepted()]] * 201
    assert store.calls.count("inbox.put") <= 4  # the first alone, then 100 rows at a time
    assert len(hub.started) < 10


async def test_projects_do_not_wait_for_each_other(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    stuck = Gate()
    store.script["inbox.put"] = [stuck]
    slow = asyncio.create_task(intake.accept([MILK], hub))
    await stuck.reached.wait()
    assert await intake.accept([ELSEWHERE], hub) == [Accepted()]
    assert not slow.done()
    stuck.opened.set()
    assert await slow == [Accepted()]


async def test_too_many_at_once_are_turned_away_before_anything_is_stored(
    intake: Intake, store: ScriptedStore, hub: NotingHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUESTS_WAITING_MAX", 3)
    stuck = Gate()
    store.script["inbox.put"] = [stuck]
    slow = asyncio.create_task(intake.accept([MILK, RENT], hub))
    await stuck.reached.wait()
    with pytest.raises(Overloaded):
        await intake.accept([ELSEWHERE, TodoRequest(8, "x", "x")], hub)
    stuck.opened.set()
    await slow
    assert await store.waiting() == [MILK, RENT]
    assert await intake.accept([ELSEWHERE], hub) == [Accepted()]


async def test_a_batch_that_comes_alone_may_be_of_any_size(
    intake: Intake, hub: NotingHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUESTS_WAITING_MAX", 3)
    requests = [TodoRequest(7, f"r{n}", "Buy milk") for n in range(10)]
    assert await intake.accept(requests, hub) == [Accepted()] * 10


async def test_a_hub_that_is_down_keeps_nothing_from_being_accepted(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    hub.fails = True
    assert await intake.accept([MILK], hub) == [Accepted()]
    assert await store.waiting() == [MILK]


async def test_a_caller_that_goes_away_does_not_take_the_others_with_it(
    intake: Intake, store: ScriptedStore, hub: NotingHub
) -> None:
    stuck = Gate()
    store.script["inbox.put"] = [stuck]
    impatient = asyncio.create_task(intake.accept([MILK], hub))
    await stuck.reached.wait()
    patient = asyncio.create_task(intake.accept([MILK, RENT], hub))
    await asyncio.sleep(0)
    impatient.cancel()
    stuck.opened.set()
    assert await patient == [Accepted(), Accepted()]
    assert await store.waiting() == [MILK, RENT]
