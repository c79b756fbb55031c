"""The orchestrator `outbox`, driven by hand: rounds, pauses, and an end in every case."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from activities.outbox import PAUSES_SECONDS, ROUNDS_MAX, orchestration


class Context:
    """What the orchestrator sees of the platform."""

    def __init__(self, message: Any) -> None:
        self.message = message
        self.current_utc_datetime = datetime(2026, 5, 4, tzinfo=UTC)
        self.asked: list[Any] = []
        self.pauses: list[float] = []

    def get_input(self) -> Any:
        return self.message

    def call_activity(self, name: str, keys: Any) -> tuple[str, Any]:
        assert name == "emit_todos"
        self.asked.append(keys)
        return "activity", keys

    def create_timer(self, at: datetime) -> tuple[str, Any]:
        self.pauses.append((at - self.current_utc_datetime).total_seconds())
        return "timer", at


def run(message: Any, emit: Callable[[list[str]], Any]) -> tuple[Context, int]:
    """Run to the end; `emit` answers for the activity, or is raised."""
    context = Context(message)
    steps = orchestration("emit_todos")(context)
    try:
        kind, value = next(steps)
        while True:
            if kind == "timer":
                kind, value = steps.send(None)
                continue
            answer = emit(value)
            if isinstance(answer, Exception):
                kind, value = steps.throw(answer)
            else:
                kind, value = steps.send(answer)
    except StopIteration as end:
        return context, end.value


def test_one_round_is_enough_when_nothing_is_left() -> None:
    context, left = run(["7", "8"], lambda _: [])
    assert (context.asked, context.pauses, left) == ([["7", "8"]], [], 0)


def test_keys_that_are_left_go_on_at_once_while_others_end() -> None:
    context, left = run(["7", "8", "9"], lambda keys: keys[1:])
    assert context.asked == [["7", "8", "9"], ["8", "9"], ["9"]]
    assert (context.pauses, left) == ([], 0)


def test_rounds_without_progress_pause_and_end() -> None:
    context, left = run(["7"], lambda keys: keys)
    assert context.pauses == list(PAUSES_SECONDS)
    assert left == 1


def test_activity_that_fails_is_tried_again() -> None:
    failures = [RuntimeError("worker died"), RuntimeError("again")]
    context, left = run(["7"], lambda _: failures.pop() if failures else [])
    assert (len(context.asked), left) == (3, 0)


def test_history_is_bounded() -> None:
    keys = [str(n) for n in range(10 * ROUNDS_MAX)]
    context, left = run(keys, lambda asked: asked[1:])
    assert len(context.asked) == ROUNDS_MAX
    assert left == len(keys) - ROUNDS_MAX


@pytest.mark.parametrize("message", [None, {}, "7", [7], {"v": 9, "keys": ["7"]}])
def test_message_that_is_not_ours_ends_at_once(message: Any) -> None:
    context, left = run(message, lambda _: [])
    assert (context.asked, left) == ([], 0)
