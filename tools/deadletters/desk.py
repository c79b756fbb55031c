"""What can be done with a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from activities.hub import Hub, Wanted
from entities.project import Project
from store.app_port import AppStore
from store.deadletters_port import DeadLetter, Key
from todos import TodoRequest
from triggers.announcer import Announcer
from triggers.dead_events import event_of
from triggers.event_requests import REFUSALS, Dead, request_id_of, request_of
from triggers.intake import Created, Intake, Refused


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator puts in place of what came."""

    body: bytes | None = None
    request_id: str | None = None


class Outcome(Enum):
    """What became of a letter."""

    ACCEPTED = "accepted"
    """In the inbox; the letter is removed."""
    CREATED = "created"
    """There was a TODO for its request already; the letter is removed."""
    DROPPED = "dropped"
    DEAD = "dead"
    """It still cannot become a TODO; the letter stays."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Result:
    """Of one letter."""

    key: Key
    outcome: Outcome
    project_id: int | None = None
    request_id: str | None = None
    todo_id: int | None = None
    code: str | None = None
    reason: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether the letter is out of the way."""
        return self.outcome in {Outcome.ACCEPTED, Outcome.CREATED, Outcome.DROPPED}


class NoHub(Hub):
    """In place of the task hub, which a command does not reach: the sweeper of the app does."""

    async def create(self, project_id: int, requests: Sequence[TodoRequest]) -> None:
        """Left to the sweeper."""

    async def settle(self, project_id: int, head: int, request_ids: Sequence[str]) -> None:
        """Left to the sweeper."""

    async def project(self, project_id: int) -> Project:  # noqa: ARG002 - the port
        """Nothing is known."""
        return Project()

    async def start(self, wanted: Wanted) -> None:
        """Left to the sweeper."""


class Desk:
    """Handles dead letters, one after the other. Raises StoreError, NotAccepted, Overloaded."""

    def __init__(self, store: AppStore) -> None:
        """Take them from `store`, and put requests into its inbox."""
        self._deadletters = store.deadletters
        self._intake = Intake(store, Announcer(), now=lambda: datetime.now(UTC))

    async def keys(self) -> list[Key]:
        """Return the keys of all of them."""
        return [each.key async for page in self._deadletters.pages() for each in page]

    async def drop(self, key: Key) -> Result:
        """Remove one for good."""
        if await self._deadletters.get(key) is None:
            return Result(key, Outcome.MISSING)
        await self._deadletters.remove(key)
        return Result(key, Outcome.DROPPED)

    async def replay(self, key: Key, change: Change) -> Result:
        """Accept its request, then remove it: a crash in between leaves it to be replayed again."""
        letter = await self._deadletters.get(key)
        if letter is None:
            return Result(key, Outcome.MISSING)
        try:
            result = await self._accept(letter, change)
        except Dead as dead:
            request_id = change.request_id or letter.summary.request_id
            return Result(
                key, Outcome.DEAD, request_id=request_id, code=dead.code, reason=dead.reason
            )
        await self._deadletters.remove(key)
        return result

    async def _accept(self, letter: DeadLetter, change: Change) -> Result:
        if letter.is_cut and change.body is None:
            raise Dead(letter.summary.code, f"{letter.summary.reason}; only its beginning was kept")
        event = event_of(letter)
        # That of the event as it came: a body that was corrected does not make another request.
        request_id = change.request_id or letter.summary.request_id or request_id_of(event)
        if change.body is not None:
            event = replace(event, body=change.body)
        request = request_of(event, request_id)
        [outcome] = await self._intake.accept([request], NoHub())
        if isinstance(outcome, Refused):
            raise Dead(REFUSALS[outcome.reason], outcome.reason.value)
        key, project_id = letter.summary.key, request.project_id
        if isinstance(outcome, Created):
            return Result(key, Outcome.CREATED, project_id, request_id, outcome.todo.id)
        return Result(key, Outcome.ACCEPTED, project_id, request_id)
