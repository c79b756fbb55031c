"""What can be done with a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from domain.addresses import check_address
from domain.decider import Decider
from domain.domain import AnyDomain
from domain.invalid import Invalid
from domain.wire import Wire
from intake.accept import Accepted, Intake, NotStored, Refused, Replayed
from store.ports.deadletters import FOLD, DeadLetter, Name
from store.ports.records import Request, Unknown
from store.ports.store import Store
from telemetry.decisions import Decisions
from triggers.events.letters import event_of
from triggers.events.requests import INVALID_BODY, REFUSALS, Dead, request_id_of, request_of


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator puts in place of what came."""

    body: bytes | None = None
    request_id: str | None = None


class Outcome(Enum):
    """What became of a dead letter."""

    ACCEPTED = "accepted"
    """In the inbox; the dead letter is removed."""
    CREATED = "created"
    """There was an entry for its request already; the dead letter is removed."""
    DROPPED = "dropped"
    DEAD = "dead"
    """It still cannot be accepted; the dead letter stays."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Result:
    """Of one dead letter."""

    name: Name
    outcome: Outcome
    key: str | None = None
    request_id: str | None = None
    place: int | None = None
    code: str | None = None
    reason: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is out of the way."""
        return self.outcome in {Outcome.ACCEPTED, Outcome.CREATED, Outcome.DROPPED}


class Desk:
    """Handles dead letters, one after the other. Raises StoreError and Overloaded."""

    def __init__(self, store: Store, domain: AnyDomain) -> None:
        """Take them from `store`, and put requests into its inbox."""
        self._deadletters = store.deadletters
        self._wire = Wire(domain)
        decider = Decider(domain)
        self._intake = Intake(store, decider, Decisions(domain.name), lambda: datetime.now(UTC))

    async def names(self) -> Sequence[Name]:
        """Return the names of all of them."""
        return [each.name async for page in self._deadletters.pages() for each in page]

    async def drop(self, name: Name) -> Result:
        """Remove one for good."""
        if await self._deadletters.get(name) is None:
            return Result(name, Outcome.MISSING)
        await self._deadletters.remove(name)
        return Result(name, Outcome.DROPPED)

    async def replay(self, name: Name, change: Change) -> Result:
        """Accept its request, then remove it: a crash in between leaves it to be replayed again.

        A letter that the app wrote meanwhile stays: the domain function failed on it once more.
        """
        letter = await self._deadletters.get(name)
        if letter is None:
            return Result(name, Outcome.MISSING)
        try:
            result = await self._accept(letter, change)
        except Dead as dead:
            request_id = change.request_id or letter.summary.request_id
            code, reason = dead.code, dead.reason
            return Result(name, Outcome.DEAD, None, request_id, None, code, reason)
        await self._deadletters.remove(name, letter.summary.stored_at)
        return result

    async def _accept(self, letter: DeadLetter, change: Change) -> Result:
        if letter.is_cut and change.body is None:
            raise Dead(letter.summary.code, f"{letter.summary.reason}; only its beginning was kept")
        name = letter.summary.name
        of_fold = name.source == FOLD
        request = (self._of_request if of_fold else self._of_event)(letter, change)
        [outcome] = await self._intake.accept([request])
        if isinstance(outcome, Refused):
            raise Dead(REFUSALS[outcome.reason], outcome.reason.value)
        if isinstance(outcome, NotStored):
            raise Unknown(f"the request of {name} was not accepted: repeat it")
        if isinstance(outcome, Replayed):
            place = outcome.entry.place
            return Result(name, Outcome.CREATED, request.key, request.id, place)
        assert isinstance(outcome, Accepted)
        return Result(name, Outcome.ACCEPTED, request.key, request.id)

    def _of_event(self, letter: DeadLetter, change: Change) -> Request:
        """Its request id is that of the event as it came: a body that was corrected does not make
        another request.
        """
        try:
            event = event_of(letter)
        except ValueError as error:  # a position that no event has
            raise Dead(letter.summary.code, f"its name is that of no event: {error}") from None
        request_id = change.request_id or letter.summary.request_id or request_id_of(event)
        if change.body is not None:
            event = replace(event, body=change.body)
        return request_of(event, self._wire, request_id)

    def _of_request(self, letter: DeadLetter, change: Change) -> Request:
        """The domain function failed on a request that was accepted; its payload is the body."""
        name = letter.summary.name
        body = letter.body if change.body is None else change.body
        try:
            key = self._wire.key(name.partition)
            request_id = change.request_id or check_address(name.position)
            return self._wire.payload(body, key, request_id)
        except (Invalid, ValueError) as error:
            raise Dead(INVALID_BODY, str(error)) from None
