"""The lines of traces, one trace for each key, from what a run has left (`model/README.md`).

A put, a removal or an append of which its process never heard is `unknown`, and landed at once. A
dead letter, which the model does not know, ends the trace of its key.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from entities.order import OUTBOX_CHARACTERS_MAX
from tests.recording.real.effects import FORBIDDEN, Effect
from tests.recording.real.ordered import DIED, EFFECTS, Event
from tests.recording.shown import begin

HIDDEN: Final = frozenset({"made", "heard", "end"})
"""Lines of journals that a trace has not."""

OF_JOURNALS: Final = frozenset(
    {"n", "at", "seen", "key", "kind", "position", "after", "since", "mark"}
)
"""Fields of them that it has not."""

OVERTURE_MS: Final = 1_000
"""From the beginning of a trace to the first line."""


class NotFollowed(Exception):
    """The app has changed what it never may, or half of what belongs together."""


def to_lines(events: Sequence[Event], *, publishing: bool) -> dict[str, list[str]]:
    """Write the trace of each key. Raises NotFollowed."""
    traces = _Traces(events)
    for each in events:
        traces.add(each)
    first = json.dumps(begin(publishing=publishing, room=OUTBOX_CHARACTERS_MAX))
    return {key: [first, *map(json.dumps, lines)] for key, lines in traces.lines.items()}


class _Traces:
    """All keys of one run."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._began = int(min((e.at for e in events if e.kind != DIED), default=0)) - OVERTURE_MS
        self._made = {(e.key, e.what["request"]) for e in events if e.kind == "made"}
        self._numbers: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._keys: dict[str, set[str]] = defaultdict(set)
        self._listed: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._ended: set[str] = set()

    def add(self, event: Event) -> None:
        """Write the lines of what happened next."""
        if event.kind == EFFECTS:
            self._effects(event)
        elif event.kind == DIED:
            for key in sorted(self._keys[event.process]):
                self._line(event, key, DIED)
        elif event.kind not in HIDDEN:
            fields = {name: each for name, each in event.what.items() if name not in OF_JOURNALS}
            self._line(event, event.key, event.kind, **self._shown(event, fields))

    def _shown(self, event: Event, fields: dict[str, Any]) -> dict[str, Any]:
        listed = self._listed[event.process, event.key]
        if event.kind == "entity.read":
            listed.update(fields["outbox"])
        if fields.pop("is_all", False):
            fields["absent"] = sorted(listed - fields["found"].keys())
        if "number" in fields:
            fields["number"] = self._number(fields["number"])
        if "signals" in fields:
            fields["signals"] = [self._number(each) for each in fields["signals"]]
        return {"absent": [], **fields} if event.kind == "inbox.read" else fields

    def _effects(self, event: Event) -> None:
        rows: dict[str, list[Effect]] = defaultdict(list)
        for each in event.effects:
            rows[each.kind].append(each)
        if FORBIDDEN in rows:
            raise NotFollowed(f"{rows[FORBIDDEN]}")
        self._inbox(event, rows)
        for each in rows["head"]:
            self._head(event, each, rows["entry"], rows["request"])
        self._publications(event, rows)
        self._ended.update(each.key for each in rows["buried"])

    def _publications(self, event: Event, rows: Mapping[str, Sequence[Effect]]) -> None:
        for _ in rows["marked"]:
            self._line(event, event.key, "marker.set")
        for _ in rows["unmarked"]:
            self._line(event, event.key, "marker.remove")
        for each in rows["cursor"]:
            self._line(event, event.key, "cursor.move", last=each.what["place"])

    def _inbox(self, event: Event, rows: Mapping[str, Sequence[Effect]]) -> None:
        for each in rows["put"]:
            self._put(event, each)
        if rows["removed"]:
            self._removed(event, [each.what["request_id"] for each in rows["removed"]])

    def _put(self, event: Event, row: Effect) -> None:
        request = row.what["request_id"]
        about = {
            "request": request,
            "payload": row.what["payload"],
            "accepted": row.what["accepted_at"] // 1_000 - self._began,
        }
        made = (row.key, request) in self._made
        outcome = self._outcome(event)
        self._line(event, row.key, "inbox.put", **about, made=made, outcome=outcome)
        if not event.is_heard:
            self._line(event, row.key, "inbox.put.landed", **about)

    def _removed(self, event: Event, requests: Sequence[str]) -> None:
        outcome = self._outcome(event)
        self._line(event, event.key, "inbox.remove", requests=requests, outcome=outcome)
        for each in () if event.is_heard else requests:
            self._line(event, event.key, "inbox.remove.landed", request=each)

    def _head(
        self, event: Event, row: Effect, entries: Sequence[Effect], requests: Sequence[Effect]
    ) -> None:
        """The places of the entries say behind which head they were put, if there are entries."""
        before, version = row.what.get("before_version"), row.what["version"]
        if {_owner(each) for each in entries} != {_owner(each) for each in requests}:
            raise NotFollowed(f"entries {entries} with request rows {requests}")
        last = row.what["place"]
        places = [each.what["place"] for each in entries]
        if places != list(range(last + 1 - len(places), last + 1)):
            raise NotFollowed(f"the places {places} with a head that says {last}")
        first = last - len(places)
        if before is None and first:
            raise NotFollowed(f"the first place of a log is {first + 1}")
        head = None if before is None else {"last": first, "version": str(before)}
        about: dict[str, Any] = {"head": head, "version": str(version)}
        if not entries:
            self._line(event, row.key, "head.fence", **about, outcome="committed")
            return
        about["entries"] = [(each.what["request_id"], each.what["payload"]) for each in entries]
        by, outcome = row.loop, self._outcome(event)
        self._line(event, row.key, "log.append", by=by, **about, outcome=outcome)
        if not event.is_heard:
            self._line(event, row.key, "log.append.landed", **about)

    def _outcome(self, event: Event) -> str:
        return "committed" if event.is_heard else "unknown"

    def _line(self, event: Event, key: str, kind: str, **fields: Any) -> None:
        if key in self._ended:
            return
        who: Mapping[str, Any] = {}
        if event.process and not kind.endswith(".landed"):
            who = {"process": self._names.setdefault(event.process, f"w{len(self._names) + 1}")}
            self._keys[event.process].add(key)
        at = int(event.at) - self._began
        self.lines[key].append({"at": at, "kind": kind, **who, **fields})

    def _number(self, number: str) -> int:
        return self._numbers.setdefault(number, len(self._numbers) + 1)


def _owner(row: Effect) -> tuple[str, int]:
    return row.what["request_id"], row.what["place"]
