"""Publishes the log of one key: reads on behind the cursor, sends, moves the cursor.

In this order. A crash between sending and moving sends the same events again; in the other order
it would leave them out. Two publishers in two processes repeat each other's events, each of them
in order, so that a consumer that skips the places it has seen gets every entry once and in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from concurrency.group_commit import GroupCommit
from publishing.events import Answer, event_of
from publishing.producer import Producer
from publishing.trail import Trail, decode_trail, encode_trail, extended, fingerprint
from store.ports.log import Log
from store.ports.publications import Cursor, Publications
from store.ports.records import Conflict
from telemetry import tracing
from telemetry.decisions import Decisions

EVENTS_PER_SEND_MAX: Final = 100

SENDS_PER_RUN_MAX: Final = 100
"""10,000 entries of one key; the rest are in the next run, after those of other keys."""

ASKED_PER_RUN_MAX: Final = 1_000
"""Callers that share a run."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a publisher works with; all of one domain."""

    log: Log
    publications: Publications
    producer: Producer
    answer: Answer
    tell: Decisions


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a run has published a log."""

    place: int
    is_end: bool
    """Whether nothing was behind it when it was read."""
    sent: int = 0
    """Entries that this run has sent."""


class Publisher:
    """One run at a time per key within this process; keys side by side."""

    def __init__(self, parts: Parts) -> None:
        """Publish the log to the producer."""
        self._parts = parts
        self._runs: GroupCommit[str, None, Reached] = GroupCommit(
            self._run, ASKED_PER_RUN_MAX, name="publish"
        )

    async def publish(self, key: str) -> Reached:
        """Publish what is in the log now; return how far the log has been published.

        That is short of its end after very many entries. Raises NotSent or StoreError.
        """
        (reached,) = await self._runs.submit(key, [None])
        return reached

    async def _run(self, key: str, asked: Sequence[None]) -> list[Reached]:
        reached, sent = Reached(0, is_end=False), 0
        for _ in range(SENDS_PER_RUN_MAX):
            reached = await self._advance(key)
            sent += reached.sent
            if reached.is_end:
                break
        return [replace(reached, sent=sent)] * len(asked)

    async def _advance(self, key: str) -> Reached:
        """Send what follows, as much as one send takes."""
        parts = self._parts
        cursor = await parts.publications.cursor(key)
        trail = decode_trail(cursor.trail)
        # The entry at the cursor comes along: it tells whether the log is the one that was sent.
        entries = await parts.log.read(key, max(cursor.place - 1, 0), EVENTS_PER_SEND_MAX + 1)
        if cursor.place:
            if not entries or not trail or fingerprint(entries[0]) != trail[-1][1]:
                await self._step_back(key, cursor, trail)
                return Reached(0, is_end=False)
            entries = entries[1:]
        if not entries:
            return Reached(cursor.place, is_end=True)
        events = [event_of(key, each, parts.answer) for each in entries]
        send = parts.producer.send(key, events)
        await tracing.step("send", key, [each.request_id for each in entries], send)
        for each in entries:
            trail = extended(trail, each)
        last = entries[-1].place
        try:
            await parts.publications.move(key, cursor, last, encode_trail(trail))
        except Conflict:
            # Another process publishes this key too. What it has not sent, we go on with.
            return Reached(cursor.place, is_end=False)
        parts.tell.published(key, entries[0].place, last)
        return Reached(last, len(entries) < EVENTS_PER_SEND_MAX, len(entries))

    async def _step_back(self, key: str, cursor: Cursor, trail: Trail) -> None:
        """Move the cursor back to the last entry that is still the one that was sent."""
        kept = list(trail)
        while kept:
            entry = await self._parts.log.get(key, kept[-1][0])
            if entry is not None and fingerprint(entry) == kept[-1][1]:
                break
            kept.pop()
        place = kept[-1][0] if kept else 0
        self._parts.tell.log_lost_its_tail(key, cursor.place, place)
        await self._parts.publications.move(key, cursor, place, encode_trail(kept))
