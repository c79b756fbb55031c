"""Reads a copy as what it is: the text of a stranger. Nothing of it is written before all is read.

Checksums have no key, so whoever can write the files can make a copy. What is restored must be what
the app could have written: keys and request ids of the grammar, payloads of the domain, places from
1 without a hole, and outputs and states that folding the payloads makes.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from domain.addresses import check_address
from domain.decider import Decider
from domain.domain import AnyDomain
from store.ports.records import (
    INBOX_ROWS_MAX,
    LOG_ENTRIES_MAX,
    NO_HEAD,
    Answered,
    Entry,
    Head,
    Request,
)
from tools.audit.auditing import wrong_payload
from tools.backup.files import Index, check_copy, lines_of
from tools.backup.letters import decode_letter
from tools.backup.seen import Seen
from tools.command import Refused
from tools.stored.refolding import Refolding
from tools.terminal import Progress

DAMAGE: Final = (LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class End:
    """What a key ends with in a copy."""

    head: Head
    cursor: int | None


def check(folder: Path, domain: AnyDomain) -> Index:
    """Read every byte of a copy. Raises Refused when it is not whole, or not of the domain."""
    index = check_copy(folder)
    with (
        closing(Seen()) as keys,
        closing(Seen()) as ids,
        Progress("entries checked") as progress,
    ):
        checker = _Checker(domain, Decider(domain), keys, ids)
        for kind, content in lines_of(folder):
            try:
                checker.line(kind, content)
            except DAMAGE as error:
                where = f"{folder}, {checker.key or 'dead letters'}"
                raise Refused(f"{where}: {kind} cannot be: {error}") from error
            if kind == "entries":
                progress.add(len(content), checker.key)
    return index


@dataclass(slots=True)
class _Checker:
    domain: AnyDomain
    decider: Decider
    keys: Seen
    ids: Seen
    """Of the entries of `key`."""
    key: str = ""
    place: int = 0
    folding: Refolding = field(init=False)

    def line(self, kind: str, content: Any) -> None:
        kinds = {
            "letter": self._letter,
            "key": self._begin,
            "inbox": self._inbox,
            "entries": self._entries,
            "done": self._end,
        }
        if kind not in kinds:
            raise ValueError(f"there is no kind {kind!r}")
        kinds[kind](content)

    def _letter(self, content: Any) -> None:
        summary = decode_letter(content).summary
        _texts((summary.name.source, summary.name.partition, summary.name.position))
        if summary.request_id is not None:
            check_address(summary.request_id)

    def _inbox(self, content: Any) -> None:
        for request in inbox_of(self.key, content):
            self._check_id(request.id)
            if wrong := wrong_payload(self.decider, request.payload):
                raise ValueError(f"request {request.id} {wrong}")

    def _entries(self, content: Any) -> None:
        for answered in entries_of(content):
            self._entry(answered)

    def _begin(self, key: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"the key {key!r} is not text")
        self.domain.key.value(key)
        if not self.keys.add(key):
            raise ValueError(f"the key {key} comes twice")
        self.key, self.place, self.folding = key, 0, Refolding(self.decider)
        self.ids.clear()

    def _entry(self, answered: Answered) -> None:
        entry = answered.entry
        if entry.place != self.place + 1:
            raise ValueError(f"place {entry.place} follows {self.place}")
        self.place = entry.place
        self._check_id(entry.request_id)
        if not self.ids.add(entry.request_id):
            raise ValueError(f"request {entry.request_id} has two places")
        if wrong := self.folding.next(answered):
            raise ValueError(f"entry {entry.place} {wrong}")

    def _end(self, content: Any) -> None:
        end = end_of(content)
        if end.head.place != self.place:
            raise ValueError(f"the head says {end.head.place}, the entries end with {self.place}")
        if wrong := self.folding.end(end.head.state):
            raise ValueError(f"the head {wrong}")
        if end.cursor is not None and not 0 <= end.cursor <= self.place:
            raise ValueError(f"the cursor says {end.cursor}, the head {self.place}")

    def _check_id(self, request_id: str) -> None:
        if not self.key:
            raise ValueError("there is no key before it")
        check_address(request_id)


def inbox_of(key: str, content: Any) -> Sequence[Request]:
    """Take the requests out of a line `inbox`. Raises TypeError and ValueError."""
    requests = [Request(key, *_texts(each)) for each in content]
    if not 1 <= len(requests) <= INBOX_ROWS_MAX:
        raise ValueError(f"{len(requests)} requests in one line")
    return requests


def entries_of(content: Any) -> Sequence[Answered]:
    """Take the entries out of a line `entries`. Raises TypeError and ValueError."""
    found: list[Answered] = []
    for place, request_id, payload, output, refused, version in content:
        _texts((request_id, payload, output))
        if type(refused) is not bool:
            raise TypeError(f"{refused!r} is not a boolean")
        entry = Entry(_whole(place), request_id, _whole(version), output, refused)
        found.append(Answered(entry, payload))
    if not 1 <= len(found) <= LOG_ENTRIES_MAX:
        raise ValueError(f"{len(found)} entries in one line")
    return found


def end_of(content: Any) -> End:
    """Take the end of a key out of a line `done`. Raises LookupError, TypeError and ValueError."""
    state, cursor = content["state"], content["cursor"]
    if state is not None:
        _texts((state,))
    place = _whole(content["place"])
    head = Head(place, state, None) if place else NO_HEAD
    return End(head, None if cursor is None else _whole(cursor))


def _texts(values: Sequence[Any]) -> Sequence[str]:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is not text")
        value.encode()  # half a surrogate pair has no place in a store
    return values


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value
