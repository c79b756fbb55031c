"""The sweeper, row by row, and what the orchestration signals again."""

from tests.simulation.conformance.record import Looked, Removed, Shown, Told
from tests.simulation.conformance.story import Story


class Sweeps:
    """Sweep and Resend."""

    def __init__(self, story: Story) -> None:
        self._story = story

    def looked(self, event: Looked) -> None:
        """What is not in the log is announced: the inbox row that was read is still there."""
        for request_id in event.asked:
            if request_id not in event.found:
                self._sweep(request_id, tells=False)

    def removed(self, event: Removed) -> None:
        for request_id in event.request_ids:
            self._sweep(request_id, tells=False)
        self._story.steps[-1].fields["inbox"] = event.inbox

    def told(self, event: Told) -> None:
        for request_id in event.request_ids:
            self._sweep(request_id, tells=True)
        self._story.settle(frozenset(event.request_ids))

    def _sweep(self, request_id: str, *, tells: bool) -> None:
        self._story.write("Sweep", request=request_id, tells=tells)

    def shown(self, event: Shown) -> None:
        """What the activity finds missing, the orchestration signals as the inbox has it."""
        for request_id in event.rows:
            self._story.write("Resend", request=request_id)
