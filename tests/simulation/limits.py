"""Makes the app's limits so small that a history with a dozen requests goes beyond each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from random import Random
from types import ModuleType
from typing import Any, Final

from activities import emit, hub, outbox, settlements, windows
from entities import project
from publishing import backlog, follower, publisher
from triggers import announcer, intake, sweeper

SMALL: Final[Mapping[tuple[ModuleType, str], tuple[Any, ...]]] = {
    (emit, "LOG_ENTRIES_MAX"): (1, 2, 3),
    (emit, "LOOKS_MAX"): (1, 3),
    (emit, "WANTED_PER_RUN_MAX"): (1, 2),
    (emit, "RESEND_MAX"): (1, 2),
    (hub, "CALL_SECONDS_MAX"): (0.3, 2.0),
    (hub, "MESSAGE_CHARACTERS_MAX"): (150, 300),
    (outbox, "ROUNDS_MAX"): (1, 3),
    (project, "OUTBOX_CHARACTERS_MAX"): (100, 200, 300),
    (settlements, "KEPT_CHARACTERS_MAX"): (0, 40),
    (settlements, "KEPT_SECONDS_MAX"): (0.0, 0.1),
    (settlements, "REMEMBERED_SECONDS"): (0.0, 0.5),
    (windows, "KEPT_MAX"): (0, 2),
    (windows, "_Window"): (partial(windows._Window, 100), partial(windows._Window, 250)),
    (announcer, "LANE_SECONDS_MAX"): (0.01, 0.1),
    (announcer, "REQUESTS_PER_START_MAX"): (1, 2),
    (intake, "INBOX_ROWS_MAX"): (1, 2, 3),
    (intake, "REQUESTS_WAITING_MAX"): (2, 4),
    (sweeper, "PROJECTS_AT_ONCE_MAX"): (1, 2),
    (sweeper, "REQUESTS_PER_PROJECT_MAX"): (1, 2),
    (publisher, "EVENTS_PER_SEND_MAX"): (1, 2, 3),
    (publisher, "SENDS_PER_RUN_MAX"): (1, 2),
    (follower, "PAUSE_SECONDS"): (0.0, 0.5),
    (follower, "PROJECTS_WAITING_MAX"): (0, 1),
    (follower, "RUNS_AT_ONCE_MAX"): (1,),
    (backlog, "MARKERS_PER_ROUND_MAX"): (1, 2),
    (backlog, "PROJECTS_AT_ONCE_MAX"): (1,),
    (backlog, "ROUND_SECONDS_MAX"): (0.2, 2.0),
}


KEEPS_NOTHING_BACK: Final = frozenset({(settlements, "KEPT_SECONDS_MAX")})
"""Then word of what is in the log goes out in signals of its own."""

Limits = frozenset[tuple[ModuleType, str]]


@contextmanager
def some_small(chance: Random, share: float, always: Limits = frozenset()) -> Iterator[None]:
    """Replace a share of the limits by small ones, and these; put the real ones back at the end."""
    small = [key for key in SMALL if chance.random() < share or key in always]
    drawn = {key: chance.choice(SMALL[key]) for key in small}
    before = {(module, name): getattr(module, name) for module, name in drawn}
    try:
        for (module, name), limit in drawn.items():
            setattr(module, name, limit)
        yield
    finally:
        for (module, name), limit in before.items():
            setattr(module, name, limit)
