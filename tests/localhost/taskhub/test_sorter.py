"""Order and duplicates of operations that orchestrations send (host-protocol 6.5)."""

import json
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from localhost.taskhub.clock import SECOND
from localhost.taskhub.sorter import Sorter

WINDOW = 30 * 60 * SECOND
T0 = 1_782_900_000 * SECOND


def sent(at: int, after: int | None, *, parent: str = "p", execution: str = "e") -> tuple[str, str]:
    """Return a message sent at a second, after the one of another second."""
    origin = {
        "id": f"id-{at}",
        "parent": parent,
        "execution": execution,
        "signal": True,
        "sent": T0 + at * SECOND,
        "after": 0 if after is None else T0 + after * SECOND,
    }
    return f"{parent}{at}", json.dumps(origin)


def delivered(*messages: tuple[str, str], sorter: Sorter | None = None) -> list[str]:
    sorter = sorter or Sorter(WINDOW)
    out = []
    for body, origin in messages:
        out += [operation.body for operation in sorter.receive(body, origin)]
        sorter = Sorter.of(sorter.text(), sorter.window)  # as it is kept from batch to batch
    return out


CHAIN = [sent(1, None), sent(2, 1), sent(3, 2), sent(4, 3)]


def test_any_order_of_arrival_becomes_the_order_of_sending() -> None:
    for shuffled in permutations(CHAIN):
        assert delivered(*shuffled) == ["p1", "p2", "p3", "p4"]


@given(
    st.lists(st.sampled_from(CHAIN), max_size=12).map(lambda extra: [*CHAIN, *extra]), st.randoms()
)
def test_repeats_are_dropped_in_any_order(messages: list[tuple[str, str]], chance: object) -> None:
    chance.shuffle(messages)  # type: ignore[attr-defined]
    assert delivered(*messages) == ["p1", "p2", "p3", "p4"]


def test_senders_do_not_wait_for_each_other() -> None:
    assert delivered(sent(2, 1), sent(1, None, parent="q")) == ["q1"]


def test_new_execution_of_the_sender_releases_held_messages() -> None:
    new = sent(5, None, execution="e2")
    assert delivered(sent(1, None), sent(3, 2), new) == ["p1", "p3", "p5"]


def test_an_episode_that_ran_again_sends_what_looks_new() -> None:
    """The duplicate that no sorter can see, and that an app has to live with."""
    assert delivered(sent(1, None), sent(2, None)) == ["p1", "p2"]


def test_lost_predecessor_is_not_waited_for_after_the_window() -> None:
    late = sent(3 * 60 * 60, None, parent="q")
    assert delivered(sent(1, None), sent(3, 2), late) == ["p1", "p3", f"q{3 * 60 * 60}"]


def test_message_from_before_the_window_is_delivered_at_once() -> None:
    hours = 3 * 60 * 60
    assert delivered(sent(hours, None), sent(1, 0)) == [f"p{hours}", "p1"]


def test_without_a_window_nothing_is_sorted_or_dropped() -> None:
    assert delivered(sent(2, 1), sent(1, None), sent(1, None), sorter=Sorter(0)) == [
        "p2",
        "p1",
        "p1",
    ]
