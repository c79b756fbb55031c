"""Back-pressure: how many requests may wait for acceptance in this process."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from store.ports.records import Request

REQUESTS_WAITING_MAX: Final = 5_000
"""Requests of this process between arrival and acceptance. At 1,000 a second that is five
seconds of work: whoever comes later is better off elsewhere, or later."""

KEY_SHARE: Final = 2
"""One key may take half of that, so that one whose partition is slow does not have all others
turned away too. What is the first of its key is let in whatever its size."""


class Overloaded(Exception):
    """Too much is waiting in this process. Nothing was stored."""


class Admission:
    """Counts what is waiting. Belongs to one event loop."""

    def __init__(self) -> None:
        """Begin with nothing waiting."""
        self._waiting = 0
        self._waiting_of: Counter[str] = Counter()

    def check(self) -> None:
        """Raise Overloaded when there is no room for anybody."""
        if self._waiting >= REQUESTS_WAITING_MAX:
            raise Overloaded

    @contextmanager
    def room_for(self, requests: Sequence[Request]) -> Iterator[None]:
        """Take room, or raise Overloaded."""
        asked = Counter(each.key for each in requests)
        waiting, share = self._waiting_of, REQUESTS_WAITING_MAX // KEY_SHARE
        if self._waiting and self._waiting + len(requests) > REQUESTS_WAITING_MAX:
            raise Overloaded
        if any(waiting[each] and waiting[each] + count > share for each, count in asked.items()):
            raise Overloaded
        self._waiting += len(requests)
        waiting.update(asked)
        try:
            yield
        finally:
            self._waiting -= len(requests)
            waiting.subtract(asked)
            for each in asked:
                if not waiting[each]:
                    del waiting[each]
