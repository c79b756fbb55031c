"""The simulated platform shows an orchestration what the real one does (host-protocol 7.2)."""

import json
from collections.abc import Generator
from typing import Any, Final

import azure.durable_functions as df
import pytest

from activities.outbox import orchestration
from localhost.taskhub.events import Event, Kind, event
from tests.durable_sdk import decide_of
from tests.durable_sdk.port import FIRST_ID
from tests.simulation.faults import KINDS, UNUSED
from tests.simulation.orchestration import Orchestration
from tests.simulation.sweep import Totals, all_kinds, run_seeds
from triggers.durable import names_of

NOW: Final = 1_900_000_000_000_000
NAMES: Final = names_of("Shelf", "notes")
DECIDE: Final = decide_of(orchestration(NAMES.activity))

UNUSED_KINDS: Final = frozenset(f"{call} {f.name}" for call in UNUSED for f in KINDS[call])


def started() -> Orchestration:
    """An orchestration that has committed its first episode: its first task is `emit`."""
    each = Orchestration("o1", json.dumps(["7"]), NAMES)
    each.start(NOW)
    episode = each.run(DECIDE, each.deliverable(), NOW)
    assert [(d.id, d.kind) for d in episode.decided] == [(FIRST_ID, Kind.TASK_SCHEDULED)]
    each.history += episode.events
    each.queue.clear()
    return each


def completed(task: int, result: str = "[]") -> Event:
    return event(Kind.TASK_COMPLETED, NOW, TaskScheduledId=task, Result=result)


def test_nothing_is_shown_to_one_that_has_not_started() -> None:
    each = Orchestration("o1", "[]", NAMES)
    each.queue.append(completed(0))
    assert each.deliverable() == []


def test_answer_to_an_uncommitted_task_is_held_back() -> None:
    each = started()
    each.queue += [completed(FIRST_ID + 1), completed(FIRST_ID)]
    assert each.deliverable() == [completed(FIRST_ID)]
    assert each.queue == [completed(FIRST_ID + 1), completed(FIRST_ID)]


def test_second_completion_of_a_task_is_dropped() -> None:
    each = started()
    each.history.append(completed(FIRST_ID))
    each.queue.append(completed(FIRST_ID))
    assert each.deliverable() == []
    assert each.queue == []


def test_first_of_two_completions_in_a_batch_counts() -> None:
    each = started()
    episode = each.run(DECIDE, [completed(FIRST_ID), completed(FIRST_ID)], NOW)
    assert episode.is_done
    assert [e["EventType"] for e in episode.events].count(Kind.TASK_COMPLETED) == 1


def test_code_that_decides_otherwise_in_a_replay_is_found_out() -> None:
    def other(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
        yield context.create_timer(context.current_utc_datetime)

    with pytest.raises(AssertionError, match=r"(?i)non-?determinis"):
        started().run(decide_of(other), [completed(FIRST_ID)], NOW)


def test_every_kind_of_fault_gets_injected() -> None:
    totals = Totals()
    run_seeds(range(250), totals)
    assert totals.seldom(times=1) == []
    seldom = {"host ENDED"}  # three workers of one host within half an hour
    assert set(totals.faults) <= {*all_kinds(), *UNUSED_KINDS, *seldom}
