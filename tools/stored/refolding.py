"""Folds a log again, entry by entry, with the versions that its rows name."""

from dataclasses import dataclass

import msgspec

from domain.decider import Decider, FoldFailed, Unreadable
from store.ports.records import ERASED, Answered


@dataclass(slots=True)
class Refolding:
    """The fold of one key. What follows the first difference, or an erased payload, is unknown."""

    decider: Decider
    state: str | None = None
    """After the last entry that was folded."""
    stopped: str = ""
    """Why it did not go on; empty while it does."""
    folded: int = 0

    def next(self, answered: Answered) -> str:
        """Fold the next entry; return what differs from its row, nothing when nothing does."""
        if self.stopped:
            return ""
        entry = answered.entry
        if answered.payload == ERASED:
            self.stopped = f"the payload of entry {entry.place} was erased"
            return ""
        try:
            made = self.decider.fold_with(entry.version, answered.payload, entry.place, self.state)
        except FoldFailed as failed:
            return self._stop(f"cannot be folded again: {failed.reason}")
        except (Unreadable, msgspec.MsgspecError) as error:
            return self._stop(f"cannot be folded again: {error}")
        if (made.output, made.refused) != (entry.output, entry.refused):
            verb = "refuses with" if made.refused else "makes"
            return self._stop(
                f"says {entry.output}, and version {made.version} {verb} {made.output}"
            )
        self.state = made.state
        self.folded += 1
        return ""

    def end(self, state: str | None) -> str:
        """Compare with the state of the head, None for the empty one."""
        if self.stopped:
            return ""
        empty = self.decider.empty()
        if (self.state or empty) != (state or empty):
            return f"has the state {state}, and folding again makes {self.state or empty}"
        return ""

    def _stop(self, difference: str) -> str:
        self.stopped = "an entry before differs"
        return difference
