"""Makes the app's limits so small that a history with a dozen requests goes beyond each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from random import Random
from types import ModuleType
from typing import Any, Final

from activities import emit, outbox, settlements, windows
from entities import project
from triggers import announcer, intake, sweeper

SMALL: Final[Mapping[tuple[ModuleType, str], tuple[Any, ...]]] = {
    (emit, "LOG_ENTRIES_MAX"): (1, 2, 3),
    (emit, "LOOKS_MAX"): (1, 3),
    (emit, "WANTED_PER_RUN_MAX"): (1, 2),
    (emit, "RESEND_MAX"): (1, 2),
    (outbox, "ROUNDS_MAX"): (1, 3),
    (project, "OUTBOX_CHARACTERS_MAX"): (100, 200, 300),
    (settlements, "KEPT_SECONDS_MAX"): (0.0, 0.1),
    (settlements, "REMEMBERED_SECONDS"): (0.0, 0.5),
    (windows, "KEPT_MAX"): (0, 2),
    (windows, "_Window"): (partial(windows._Window, 100), partial(windows._Window, 250)),
    (announcer, "REQUESTS_PER_START_MAX"): (1, 2),
    (intake, "INBOX_ROWS_MAX"): (1, 2, 3),
    (intake, "REQUESTS_WAITING_MAX"): (2, 4),
    (sweeper, "REQUESTS_PER_PROJECT_MAX"): (1, 2),
}


@contextmanager
def some_small(chance: Random) -> Iterator[None]:
    """Replace each limit by a small one with even odds; put the real ones back at the end."""
    drawn = {key: chance.choice(small) for key, small in SMALL.items() if chance.random() < 0.5}
    before = {(module, name): getattr(module, name) for module, name in drawn}
    try:
        for (module, name), limit in drawn.items():
            setattr(module, name, limit)
        yield
    finally:
        for (module, name), limit in before.items():
            setattr(module, name, limit)
