"""What the app reports, in place of `telemetry.decisions`: counted, and held against the faults."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from publishing.producer import NotSent
from store.ports.records import StoreError
from taskhub.port import HubUnknown
from telemetry.decisions import Decisions

EXPECTED: Final = (StoreError, HubUnknown, NotSent, OSError, asyncio.TimeoutError)
"""What calls to the outside may end with."""

SILENT: Final = frozenset({"outbox_read", "appended"})
"""Said too often to be read."""


class Heard(Decisions):
    """Every event of the real class, under its own name: one that it has not is a mistake."""

    def __init__(
        self, mistake: Callable[[BaseException], object], note: Callable[..., object]
    ) -> None:
        super().__init__("simulated")
        self.count: Counter[str] = Counter()
        self._mistake, self._note = mistake, note
        for name in vars(Decisions):
            if not name.startswith("_"):
                setattr(self, name, partial(self._hear, name))

    def _hear(self, name: str, *args: Any, **named: Any) -> None:
        self.count[name] += 1
        if name not in SILENT and any(args[1:] or args):
            self._note(name, *args, *named.values())
        for each in (*args, *named.values()):
            if isinstance(each, BaseException) and not isinstance(each, EXPECTED):
                self._mistake(each)
