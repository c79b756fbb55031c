"""Parts of the app that say what they decide, and for which loop; they decide as the real ones do."""

from collections.abc import Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any, Final, Protocol

from typing_extensions import override

from activities.emit import Answer, Begin, Emitter
from activities.lane import Lane
from intake.accept import Accepted, Intake, Outcome, Refused, Replayed
from store.ports.records import Entry, Request
from taskhub.port import TaskHub

BY: Final[ContextVar[str]] = ContextVar("BY", default="emitter")
"""Who within the process acts, as the lines of a trace have it."""

_numbers: Final = count(1)


class Note(Protocol):
    """Takes a line of a trace about something that the running process does."""

    def __call__(self, key: str, kind: str, **fields: Any) -> None: ...


class RecordedIntake(Intake):
    """Says what was accepted, refused and answered."""

    note: Note

    @override
    async def accept(
        self, requests: Sequence[Request], *, made_here: bool = False
    ) -> list[Outcome]:
        if made_here:
            for each in requests:
                self.note(each.key, "made", request=each.id)
        outcomes = await super().accept(requests, made_here=made_here)
        for request, outcome in zip(requests, outcomes, strict=True):
            about = {"request": request.id, "payload": request.payload}
            if isinstance(outcome, Accepted):
                self.note(request.key, "request.accepted", **about)
            elif isinstance(outcome, Refused):
                self.note(request.key, "request.refused", **about)
            elif isinstance(outcome, Replayed):
                self.note(request.key, "request.answered", **about, place=outcome.entry.place)
        return outcomes


class RecordedEmitter(Emitter):
    """Says who was answered, and gives each loop and each announcement a name."""

    note: Note

    @override
    async def answer(self, request: Request, hub: TaskHub, seconds: float) -> Answer | None:
        answer = await super().answer(request, hub, seconds)
        if isinstance(answer, Entry):
            about = {"request": request.id, "payload": request.payload, "place": answer.place}
            self.note(request.key, "request.answered", **about)
        return answer

    @override
    async def announce(self, requests: Sequence[Request], hub: TaskHub) -> None:
        before = BY.set(f"announcement {next(_numbers)}")
        try:
            await super().announce(requests, hub)
        finally:
            BY.reset(before)

    @override
    async def _rounds(self, lane: Lane, hub: TaskHub, begin: Begin) -> None:
        BY.set(f"loop {next(_numbers)}")
        await super()._rounds(lane, hub, begin)
