"""Makes the app's limits so small that a history with a dozen requests goes beyond each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from types import ModuleType
from typing import Any, Final

from activities import append, drain, entity_calls, hand_over, lane, outbox
from entities import order
from intake import accept, admission, sweep
from publishing import catch_up, live, publisher
from taskhub import durable

SMALL: Final[Mapping[str, tuple[tuple[ModuleType, ...], tuple[Any, ...]]]] = {
    "LOG_ENTRIES_MAX": ((append,), (1, 2, 3)),
    "POINT_READS_MAX": ((append,), (0, 1)),
    "INBOX_PAGE_ROWS": ((append, drain), (1, 2)),
    "HUB_CALLS_MAX": ((entity_calls,), (1, 2)),
    "DRAINS_MAX": ((drain,), (1, 2)),
    "KEYS_ANNOUNCED_MAX": ((entity_calls,), (1, 2)),
    "PAUSE_SECONDS": ((hand_over, live), (0.0, 1.0)),
    "OUTBOX_CHARACTERS_MAX": ((order, lane), (24, 48)),
    "KEYS_REMEMBERED_MAX": ((lane,), (1, 2)),
    "STARTS_MAX": ((hand_over,), (1,)),
    "ROUNDS_MAX": ((outbox,), (1, 3)),
    "RUN_SECONDS_MAX": ((outbox,), (0.5, 2.0)),
    "KEY_SECONDS_MAX": ((outbox, accept), (0.2, 1.0)),
    "INBOX_ROWS_MAX": ((accept,), (1, 2, 3)),
    "KEYS_AT_ONCE_MAX": ((accept,), (1, 2)),
    "REQUESTS_WAITING_MAX": ((admission,), (2, 4)),
    "KEYS_MAX": ((sweep,), (1, 2)),
    "SLOW_KEYS_MAX": ((sweep,), (1,)),
    "ROWS_HELD_MAX": ((sweep,), (1, 2)),
    "CALL_SECONDS_MAX": ((durable,), (0.3, 2.0)),
    "KEYS_CHARACTERS_MAX": ((durable,), (1, 10)),
    "EVENTS_PER_SEND_MAX": ((publisher,), (1, 2, 3)),
    "SENDS_PER_RUN_MAX": ((publisher,), (1, 2)),
    "KEYS_WAITING_MAX": ((live,), (0, 1)),
    "RUNS_AT_ONCE_MAX": ((live,), (1,)),
    "MARKERS_PER_DRAW_MAX": ((catch_up,), (1, 2)),
    "ROUND_SECONDS_MAX": ((catch_up,), (0.2, 2.0)),
}
"""Of each limit the modules that know it, and what it is made."""


@contextmanager
def some_small(chance: Random, share: float) -> Iterator[None]:
    """Replace a share of the limits by small ones; put the real ones back at the end."""
    small = {name: chance.choice(SMALL[name][1]) for name in SMALL if chance.random() < share}
    before = {(each, name): getattr(each, name) for name in small for each in SMALL[name][0]}
    try:
        for module, name in before:
            setattr(module, name, small[name])
        yield
    finally:
        for (module, name), limit in before.items():
            setattr(module, name, limit)
