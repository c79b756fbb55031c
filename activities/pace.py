"""When to look at an entity: learned from how long it took of late."""

from typing import Final

PAUSE_SECONDS_MIN: Final = 0.001
PAUSE_SECONDS_MAX: Final = 1.0

IN_FLIGHT_SECONDS_MIN: Final = 0.1
IN_FLIGHT_SECONDS_MAX: Final = 1.0
"""How long a signal counts as in flight: repeated earlier it would cost a look each time."""

EARLIER: Final = 0.7
"""Of what it last took: whoever looks later than that never learns that it takes less."""

HINT_SECONDS_MIN: Final = 0.0003
HINT_SECONDS_MAX: Final = 0.05
"""From the end of an entity function, which is when the hint comes, to its commit."""


class Pace:
    """Of one process: the platform is equally fast for all keys."""

    def __init__(self) -> None:
        """Begin with what one process with its hub beside it needs."""
        self._listing = 0.02
        self._commit = 0.001

    @property
    def first_pause(self) -> float:
        """From a signal to the first look, in seconds."""
        return self._listing * EARLIER

    @property
    def after_hint(self) -> float:
        """From a hint to the look, in seconds."""
        return self._commit

    @property
    def in_flight(self) -> float:
        """How long a signal that shows no effect counts as under way, in seconds."""
        return min(IN_FLIGHT_SECONDS_MAX, max(IN_FLIGHT_SECONDS_MIN, 4 * self._listing))

    def listed(self, seconds: float, *, hinted: bool) -> None:
        """Learn that an id was listed for the FIRST time so long after its signal.

        Later listings say nothing: an id that is listed, lost to a conflict and listed again would
        count as slow, and pauses would only ever grow.
        """
        self._listing += (seconds - self._listing) / 8
        if hinted:
            self._commit = max(HINT_SECONDS_MIN, self._commit * 0.97)

    def next_pause(self, pause: float, *, hinted: bool) -> float:
        """Return the pause after a look that showed nothing new."""
        if hinted:
            self._commit = min(HINT_SECONDS_MAX, self._commit * 1.3)
            return self._commit
        return min(PAUSE_SECONDS_MAX, max(self._listing * 0.3, pause * 0.75, PAUSE_SECONDS_MIN))
