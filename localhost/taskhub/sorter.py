"""Order and duplicates of operations that orchestrations send (`EXT: MessageSorter.cs`).

Within the reorder window a sender's messages are delivered in the order in which they were sent,
and one that was seen before is dropped. Messages of clients do not take part. A re-executed
episode sends with later times: its messages are new here (host-protocol 6.5).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self

from localhost.taskhub.clock import SECOND, Microseconds

_COLLECT_AT_LEAST_EVERY: Final = 10 * 60 * SECOND
"""How far the horizon may lag before senders that were silent for long are forgotten."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent an operation and when; `after` is the time of the one sent before it, or 0."""

    id: str
    parent: str
    execution: str
    signal: bool
    sent: Microseconds
    after: Microseconds


@dataclass(frozen=True, slots=True)
class Operation:
    """One member of a batch, and who waits for its result if anybody does."""

    body: str
    origin: Origin | None

    @classmethod
    def of(cls, body: str, origin: str | None) -> Self:
        """Read what a message carries."""
        return cls(body, Origin(**json.loads(origin)) if origin else None)


@dataclass(slots=True)
class _Sender:
    execution: str
    last: Microseconds = 0
    early: dict[Microseconds, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Sorter:
    """What an entity remembers of its senders; part of its state."""

    window: Microseconds
    horizon: Microseconds = 0
    _senders: dict[str, _Sender] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str | None, window: Microseconds) -> Self:
        """Read what :meth:`text` wrote."""
        if not text:
            return cls(window)
        kept: dict[str, Any] = json.loads(text)
        senders = {
            parent: _Sender(
                execution,
                last,
                {int(sent): (body, origin) for sent, (body, origin) in early.items()},
            )
            for parent, (execution, last, early) in kept["senders"].items()
        }
        return cls(window, kept["horizon"], senders)

    def text(self) -> str:
        """Return it as JSON."""
        senders = {p: (s.execution, s.last, s.early) for p, s in self._senders.items()}
        return json.dumps({"horizon": self.horizon, "senders": senders})

    def receive(self, body: str, origin_text: str) -> Iterator[Operation]:
        """Take a message in; give out what may run now: nothing, it, or it and later ones."""
        operation = Operation.of(body, origin_text)
        origin = operation.origin
        assert origin is not None, "a client's message does not take part"
        if self.window == 0:
            yield operation
            return
        yield from self._advance(origin.sent)
        if origin.sent < self.horizon:
            yield operation
            return
        sender = self._senders.setdefault(origin.parent, _Sender(origin.execution))
        if sender.execution != origin.execution:
            yield from _release(sender)
            self._senders[origin.parent] = sender = _Sender(origin.execution)
        if origin.sent <= sender.last:
            return  # seen before
        if origin.after > sender.last and origin.after >= self.horizon:
            sender.early[origin.sent] = (body, origin_text)
            return
        sender.last = origin.sent
        yield operation
        yield from self._next(sender)

    def _next(self, sender: _Sender) -> Iterator[Operation]:
        while sender.early:
            sent = min(sender.early)
            operation = Operation.of(*sender.early[sent])
            assert operation.origin is not None
            if operation.origin.after > max(sender.last, self.horizon - 1):
                return
            del sender.early[sent]
            sender.last = max(sender.last, sent)
            yield operation

    def _advance(self, now: Microseconds) -> Iterator[Operation]:
        if self.horizon + self.window + _COLLECT_AT_LEAST_EVERY >= now:
            return
        self.horizon = now - self.window
        for parent, sender in list(self._senders.items()):
            yield from self._next(sender)
            if sender.last < self.horizon and not sender.early:
                del self._senders[parent]


def _release(sender: _Sender) -> Iterator[Operation]:
    for sent in sorted(sender.early):
        yield Operation.of(*sender.early[sent])
