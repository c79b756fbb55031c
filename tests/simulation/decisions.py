"""What the app reports, in place of `telemetry.decisions`: counted, and held against the faults."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from store.ports.records import StoreError
from taskhub.port import HubUnknown
from telemetry.decisions import Decisions

EXPECTED: Final = (StoreError, HubUnknown, OSError, asyncio.TimeoutError)
"""What calls to the outside may end with."""


class Heard(Decisions):
    """Every event of the real class, under its own name: one that it has not is a mistake."""

    def __init__(
        self, mistake: Callable[[BaseException], object], note: Callable[[str, str], object]
    ) -> None:
        super().__init__("simulated")
        self.count: Counter[str] = Counter()
        self._mistake, self._note = mistake, note

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name == "count":
            return object.__getattribute__(self, name)
        assert callable(getattr(Decisions, name)), name
        return partial(self._hear, name)

    def _hear(self, name: str, *args: Any, **named: Any) -> None:
        self.count[name] += 1
        if name != "outbox_read":
            self._note(name, " ".join(map(repr, (*args, *named.values()))))
        for each in (*args, *named.values()):
            if isinstance(each, BaseException) and not isinstance(each, EXPECTED):
                self._mistake(each)
