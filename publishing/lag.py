"""How far publishing is behind, as seen from round to round."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from store.ports.publications import Marker


@dataclass(slots=True)
class Lag:
    """Since when which key has been behind. Belongs to one process, which may begin anew.

    A marker alone does not say it: every append to a key sets its marker again.
    """

    since: dict[str, datetime] = field(default_factory=dict)

    def begin(self, markers: Iterable[Marker]) -> None:
        """Take every key that has a marker to be behind, and forget those that have none."""
        at = {each.key: each.set_at for each in markers}
        self.since = {
            each: min(set_at, self.since.get(each, set_at)) for each, set_at in at.items()
        }

    def caught_up(self, key: str) -> None:
        """The key was published up to what was its end a moment ago."""
        self.since.pop(key, None)

    def oldest(self, now: datetime) -> timedelta:
        """Return for how long the one that is furthest behind has been so; 0 when none is."""
        return max((now - each for each in self.since.values()), default=timedelta(0))
