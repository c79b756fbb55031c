"""One method per event: it writes the line and counts. Nothing else in the app does either.

A line names the domain, the key, and the requests it is about: `requests` is a list wherever it
stands. The events are constants, and infra/queries and the runbook ask for them by name; tests
hold the three together.

The real host drops lines that are written after their invocation has ended (host-protocol 13.3).
So the lines about a request are written by the coroutine that waits for it, never by the loops and
transactions that requests share.

Requests that are malformed (400) are neither logged nor counted here: a caller in a loop would
fill the log with its own mistake, and the host counts answers by status.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from telemetry.lines import Field, pieces, write
from telemetry.metrics import Metrics

OLDEST_SECONDS_MAX: Final = 60
"""Age of a waiting request beyond which a sweep is a warning, and infra/ raises an alarm: whoever
turns off the lines of what goes well still hears of it."""

LOGGER: Final = "effectively_once"

log: Final = logging.getLogger(LOGGER)
"""Its level is the host's: `settings.host_json`."""


class Decisions:
    """The events of one domain."""

    def __init__(self, domain: str) -> None:
        """Name every line and every metric after the domain."""
        self._domain = domain
        self._metrics = Metrics(domain)

    # Intake

    def accepted(self, key: str, request_ids: Sequence[str]) -> None:
        """Their inbox rows are written: from here on each of them gets its place."""
        self._about("accepted", key, request_ids)
        self._metrics.accepted.add(len(request_ids))

    def repeated(self, key: str, request_ids: Sequence[str]) -> None:
        """They were in the inbox already: repeats, or writes whose answer was lost."""
        self._about("repeated", key, request_ids)
        self._metrics.duplicates.add(len(request_ids), {"found_in": "inbox"})

    def replayed(self, key: str, places: Mapping[str, int]) -> None:
        """They were in the log already, at these places, and were answered with it."""
        self._at_places("replayed", key, places)
        self._metrics.duplicates.add(len(places), {"found_in": "log"})

    def refused(self, key: str, reason: str, request_ids: Sequence[str]) -> None:
        """Nothing is stored of them. `reason` is the name of one of the intake's reasons."""
        self._about("refused", key, request_ids, reason=reason)
        self._metrics.refused.add(len(request_ids), {"reason": reason})

    def not_accepted(self, key: str, request_ids: Sequence[str], error: BaseException) -> None:
        """It is not known whether they are stored, and no promise was made."""
        self._about("not_accepted", key, request_ids, logging.WARNING, error)

    # The emitter

    def appended(self, count: int) -> None:
        """Count what became true. No line: the waiters write theirs (`created`)."""
        self._metrics.created.add(count)

    def created(self, key: str, places: Mapping[str, int]) -> None:
        """They are in the log, at these places."""
        self._at_places("created", key, places)

    def append_not_confirmed(self, key: str, count: int, written: int, error: Exception) -> None:
        """Somebody was faster, or nobody knows; a look into the log found `written` of `count`."""
        self._write(
            logging.INFO,
            "append_not_confirmed",
            key=key,
            count=count,
            written=written,
            cause=repr(error),
        )
        self._metrics.conflicts.add(1, {"written": written == count})

    def last_resort(self, key: str, request_ids: Sequence[str], *, waited_for: int) -> None:
        """They waited too long for the entity, and are appended though it does not list them.

        `waited_for` of them have a caller: only those mean that the hub is in trouble now.
        """
        level = logging.WARNING if waited_for else logging.INFO
        self._about("last_resort", key, request_ids, level, waited_for=waited_for)
        if waited_for:
            self._metrics.last_resort.add(waited_for, {"waited_for": True})
        if len(request_ids) > waited_for:
            self._metrics.last_resort.add(len(request_ids) - waited_for, {"waited_for": False})

    def emit_failed(self, key: str, error: Exception) -> None:
        """A round failed; the key pauses alone and is tried again."""
        self._write(logging.WARNING, "emit_failed", error, key=key)

    def signal_failed(self, key: str, error: Exception) -> None:
        """A signal may be lost; it is repeated while the entity does not list its requests."""
        self._write(logging.INFO, "signal_failed", key=key, cause=repr(error))

    def read_failed(self, key: str, error: Exception) -> None:
        """The state of the entity could not be read in time."""
        self._write(logging.INFO, "read_failed", key=key, cause=repr(error))

    def remove_failed(self, key: str, error: Exception) -> None:
        """Inbox rows of entries in the log stay for the sweeper."""
        self._write(logging.INFO, "remove_failed", key=key, cause=repr(error))

    def outbox_read(self, depth: int) -> None:
        """An entity was looked at. No line: this happens several times per request."""
        self._metrics.outbox_depth.record(depth)

    # The entity

    def state_unreadable(self, key: str, error: Exception) -> None:
        """Damaged, or of a newer release: the entity starts over, which loses nothing."""
        self._write(logging.ERROR, "entity_state_unreadable", error, key=key)

    def operation_ignored(self, key: str, error: Exception) -> None:
        """A signal made no sense, or came from a newer release."""
        self._write(logging.ERROR, "operation_ignored", error, key=key)

    # Hand-over, sweeper, purge

    def handed_over(self, keys: int) -> None:
        """An orchestration was started for so many keys."""
        self._write(logging.INFO, "handed_over", keys=keys)

    def hand_over_failed(self, keys: int, error: Exception) -> None:
        """The start may be lost: the sweeper takes up what waits."""
        self._write(logging.WARNING, "hand_over_failed", keys=keys, cause=repr(error))

    def swept(self, keys: int, left: int, oldest_seconds: float) -> None:
        """A sweep took up so many keys, of which `left` still have rows; the oldest row's age."""
        if keys:
            oldest = round(oldest_seconds, 1)
            level = logging.WARNING if oldest > OLDEST_SECONDS_MAX else logging.INFO
            self._write(level, "swept", keys=keys, left=left, oldest_seconds=oldest)
        self._metrics.inbox_oldest.record(oldest_seconds)
        self._metrics.inbox_waiting.record(keys)

    def drain_failed(self, key: str, error: Exception) -> None:
        """The inbox of a key could not be worked off now; the next sweep tries again."""
        self._write(logging.WARNING, "drain_failed", error, key=key)

    def purged(self, orchestrations: int) -> None:
        """Finished orchestrations were removed from the hub."""
        if orchestrations:
            self._write(logging.INFO, "purged", orchestrations=orchestrations)

    def purge_failed(self, error: Exception) -> None:
        """The hub keeps finished orchestrations until the next run."""
        self._write(logging.WARNING, "purge_failed", error)
        self._metrics.purge_failures.add(1)

    # Dead letters

    def buried(self, code: str) -> None:
        """Count what can never become an entry as it is. No line: see `dead_letter`."""
        self._metrics.dead.add(1, {"code": code})

    def dead_letter(self, name: str, code: str, request_id: str | None) -> None:
        """It is kept under this name."""
        named = [] if request_id is None else [request_id]
        self._write(logging.WARNING, "dead_letter", code=code, requests=named, name=name)

    # Publishing

    def published(self, key: str, first: int, last: int) -> None:
        """These places are in the output hub, and the cursor has moved past them."""
        self._write(logging.INFO, "published", key=key, first=first, last=last)
        self._metrics.published.add(last - first + 1)

    def publish_failed(self, key: str, error: Exception) -> None:
        """The marker stays: the next round tries again."""
        self._write(logging.WARNING, "publish_failed", error, key=key)

    def publishing_behind(self, keys: int, oldest_seconds: float) -> None:
        """A round left so many keys behind, the first of them for so long."""
        if keys:
            oldest = round(oldest_seconds, 1)
            self._write(logging.WARNING, "publishing_behind", keys=keys, oldest_seconds=oldest)
        self._metrics.publish_lag.record(oldest_seconds)
        self._metrics.publish_behind.record(keys)

    def log_lost_its_tail(self, key: str, was: int, now: int) -> None:
        """After a fail-over the log ends before the cursor: its places are given out again."""
        self._write(logging.ERROR, "log_lost_its_tail", key=key, was=was, now=now)

    # Health

    def health_check_failed(self, error: Exception) -> None:
        """The store could not even be asked."""
        self._write(logging.WARNING, "health_check_failed", error)

    def internal_error(self, error: BaseException) -> None:
        """A bug of ours: the caller is told no more than that."""
        self._write(logging.ERROR, "internal_error", error)

    def _write(
        self, level: int, event: str, error: BaseException | None = None, **fields: Field
    ) -> None:
        write(log, level, event, error, domain=self._domain, **fields)

    def _about(
        self,
        event: str,
        key: str,
        request_ids: Sequence[str],
        level: int = logging.INFO,
        error: BaseException | None = None,
        **fields: Field,
    ) -> None:
        if request_ids and log.isEnabledFor(level):
            for piece in pieces(request_ids):
                self._write(level, event, error, key=key, **fields, requests=piece)

    def _at_places(self, event: str, key: str, places: Mapping[str, int]) -> None:
        """Write runs of places: `requests[n]` has the place `first + n`."""
        if not places or not log.isEnabledFor(logging.INFO):
            return
        run: list[str] = []
        first = 0
        for request_id, place in sorted(places.items(), key=lambda each: each[1]):
            if run and place != first + len(run):
                self._run(event, key, first, run)
                run = []
            if not run:
                first = place
            run.append(request_id)
        self._run(event, key, first, run)

    def _run(self, event: str, key: str, first: int, run: Sequence[str]) -> None:
        for piece in pieces(run):
            self._write(logging.INFO, event, key=key, first=first, requests=piece)
            first += len(piece)
