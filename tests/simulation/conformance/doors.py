"""Intake, request by request: Insert, Decide, Tidy."""

from tests.simulation.conformance.record import Attempt, Looked, Removed, Shown, Stored
from tests.simulation.conformance.steps import Door
from tests.simulation.conformance.story import Story


class Doors:
    """One for each time that an attempt inserts or sees an inbox row.

    The last one is what the attempt goes on with; that of an insert that was given up for lost,
    and takes place later, is nobody's any more.
    """

    def __init__(self, story: Story) -> None:
        self._story = story
        self._doors: dict[Attempt, dict[str, Door]] = {}

    def stored(self, attempt: Attempt, event: Stored) -> None:
        for request in event.requests:
            name, door = request.request_id, Door()
            # Late: the attempt has seen a row, and goes on with that.
            self._of(attempt).setdefault(name, door)
            self._write(attempt, name, request.title, door)
        self._story.steps[-1].fields["inbox"] = event.inbox

    def shown(self, attempt: Attempt, event: Shown) -> None:
        for request_id in event.asked:
            self._of(attempt).pop(request_id, None)
        for request_id, row in event.rows.items():
            self._insert(attempt, request_id, row.title)

    def _insert(self, attempt: Attempt, request_id: str, row: str) -> None:
        door = self._of(attempt)[request_id] = Door()
        self._write(attempt, request_id, row, door)

    def _write(self, attempt: Attempt, request_id: str, row: str, door: Door) -> None:
        title = attempt.requests[request_id].title
        self._story.write("Insert", door, request=request_id, title=title, row=row)

    def looked(self, attempt: Attempt, event: Looked) -> None:
        for request_id in event.asked:
            is_logged = request_id in event.found
            if request_id in attempt.verdicts or request_id in self._of(attempt):
                self._decide(attempt, request_id, is_logged=is_logged)

    def _decide(self, attempt: Attempt, request_id: str, *, is_logged: bool) -> None:
        step = self._story.write("Decide", self._door(attempt, request_id))
        step.is_end = not is_logged
        if verdict := attempt.verdicts.get(request_id):
            step.fields["verdict"] = verdict

    def removed(self, attempt: Attempt, event: Removed) -> None:
        for request_id in event.request_ids:
            self._story.write("Tidy", self._door(attempt, request_id)).is_end = True
        self._story.steps[-1].fields["inbox"] = event.inbox

    def _door(self, attempt: Attempt, request_id: str) -> Door:
        return self._of(attempt).setdefault(request_id, Door())

    def _of(self, attempt: Attempt) -> dict[str, Door]:
        return self._doors.setdefault(attempt, {})
