"""One function per decision: it writes the line and counts. Nobody else does either.

What is decided for many requests in one transaction is one decision and one line, which names
them all: `requests` is a list wherever it stands. The events are constants, and infra/queries and
docs/operations.md ask for them by name; tests hold all three together.

Requests that make no sense (400) are neither logged nor counted here: a caller in a loop would
fill the log with its own mistake, and the host counts answers by status.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from telemetry import metrics
from telemetry.lines import pieces, write

OLDEST_SECONDS_MAX: Final = 60
"""Age of a waiting request beyond which a sweep is a warning, and infra/ raises an alarm: whoever
turns off the lines of what goes well still hears of it."""

log: Final = logging.getLogger("todos.decisions")
"""Its level is the host's: `telemetry.levels`."""


def accepted(project_id: int, request_ids: Sequence[str]) -> None:
    """Their inbox rows are written: from here on each of them becomes a TODO."""
    _write_all("accepted", project_id, request_ids)
    metrics.ACCEPTED.add(len(request_ids))


def repeated(project_id: int, request_ids: Sequence[str]) -> None:
    """They were in the inbox already: repeats, or writes whose answer was lost."""
    _write_all("repeated", project_id, request_ids)
    metrics.DUPLICATES.add(len(request_ids), {"found_in": "inbox"})


def replayed(project_id: int, todo_id: int, request_id: str) -> None:
    """It was in the log already, and was answered with its TODO."""
    write(log, logging.INFO, "replayed", project=project_id, id=todo_id, requests=[request_id])
    metrics.DUPLICATES.add(1, {"found_in": "log"})


def refused(project_id: int, reason: str, request_id: str) -> None:
    """Nothing is stored of it. `reason` is the name of one of the intake's reasons."""
    write(log, logging.INFO, "refused", project=project_id, requests=[request_id], reason=reason)
    metrics.REFUSED.add(1, {"reason": reason})


def not_accepted(project_id: int, request_ids: Sequence[str], error: BaseException) -> None:
    """Nobody knows whether they are stored, and nobody was promised anything."""
    _write_all("not_accepted", project_id, request_ids, logging.WARNING, error)


def taken_up(project_id: int, request_ids: Sequence[str]) -> None:
    """They waited too long, and start over."""
    _write_all("taken_up", project_id, request_ids)


def created(project_id: int, first: int, request_ids: Sequence[str]) -> None:
    """They are in the log, with the ids from `first` on: `requests[n]` has the id `first + n`."""
    if log.isEnabledFor(logging.INFO):
        for piece in pieces(request_ids):
            write(log, logging.INFO, "created", project=project_id, first=first, requests=piece)
            first += len(piece)
    metrics.CREATED.add(len(request_ids))


def append_not_confirmed(project_id: int, request_ids: Sequence[str], error: Exception) -> None:
    """Somebody was faster, or nobody knows: the log is asked next."""
    write(
        log,
        logging.INFO,
        "append_not_confirmed",
        project=project_id,
        requests=request_ids,
        cause=repr(error),
    )


def append_settled(project_id: int, found: Mapping[str, int], asked: int) -> None:
    """What a look into the log showed of `asked` requests: the ids of those that are there."""
    write(log, logging.INFO, "append_settled", project=project_id, found=len(found), asked=asked)
    found_in_log(project_id, found)
    metrics.CONFLICTS.add(1, {"written": len(found) == asked})


def found_in_log(project_id: int, found: Mapping[str, int]) -> None:
    """They were waiting, or about to be written, and are in the log with these ids."""
    for request_id, todo_id in found.items():
        named = [request_id]
        write(log, logging.INFO, "found_in_log", project=project_id, id=todo_id, requests=named)


def ids_corrected(project_id: int, request_ids: Sequence[str]) -> None:
    """The entity meant other ids; the log won."""
    _write_all("ids_corrected", project_id, request_ids, logging.WARNING)
    metrics.CORRECTED.add(len(request_ids))


def outbox_read(depth: int) -> None:
    """An entity was looked at. No line: this happens several times per request."""
    metrics.OUTBOX_DEPTH.record(depth)


def swept(requests: int, oldest_seconds: float) -> None:
    """A sweep found so many; the oldest that is not in the log is so old, 0 when all are."""
    if requests:
        oldest = round(oldest_seconds, 1)
        level = logging.WARNING if oldest > OLDEST_SECONDS_MAX else logging.INFO
        write(log, level, "swept", requests=requests, oldest_seconds=oldest)
    metrics.INBOX_OLDEST.record(oldest_seconds)
    metrics.INBOX_WAITING.record(requests)


def event_dead(key: str, code: str, request_id: str | None) -> None:
    """An event can never become a TODO, and is a dead letter now."""
    named = [] if request_id is None else [request_id]
    write(log, logging.WARNING, "event_dead", code=code, requests=named, key=key)
    metrics.DEAD.add(1, {"code": code})


def published(project_id: int, first: int, last: int) -> None:
    """These ids are in the output hub, and the cursor has moved past them."""
    write(log, logging.INFO, "published", project=project_id, first=first, last=last)
    metrics.PUBLISHED.add(last - first + 1)


def publishing_behind(projects: int, oldest_seconds: float) -> None:
    """A round left so many projects behind, the first of them for so long."""
    if projects:
        oldest = round(oldest_seconds, 1)
        write(log, logging.WARNING, "publishing_behind", projects=projects, oldest_seconds=oldest)
    metrics.PUBLISH_LAG.record(oldest_seconds)
    metrics.PUBLISH_BEHIND.record(projects)


def _write_all(
    event: str,
    project_id: int,
    request_ids: Sequence[str],
    level: int = logging.INFO,
    error: BaseException | None = None,
) -> None:
    if request_ids and log.isEnabledFor(level):
        for piece in pieces(request_ids):
            write(log, level, event, error, project=project_id, requests=piece)
