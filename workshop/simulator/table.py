"""A table of a database: rows with ETags, and transactions that happen whole or not at all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from workshop.simulator.effect import Conflict, Effect, Failure, once
from workshop.simulator.world import World


class TooLarge(Failure):
    """More than one row, one transaction or one partition can take; nothing was written."""

    trying_again_helps = False


@dataclass(frozen=True, slots=True)
class Row:
    """What was read. The ETag changes with every write of the row."""

    key: str
    value: Any
    etag: int


@dataclass(frozen=True, slots=True)
class Insert:
    """Add a row. Conflict when it is there."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Put:
    """Write a row, whatever is there."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Update:
    """Replace a row. Conflict when its ETag is no longer the one that was read."""

    key: str
    value: Any
    etag: int


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a row; with an ETag, only the version that was read. A missing row is no error."""

    key: str
    etag: int | None = None


Change = Insert | Put | Update | Delete


class Table:
    """Rows by key. Every method is one effect; `transaction` makes one of several changes.

    Limits are off unless given: `partitioned` takes a transaction only within the part of the key
    before the slash, `items_max` bounds the items of a value that is a list, tuple, set or dict.
    """

    def __init__(
        self,
        world: World,
        name: str,
        *,
        partitioned: bool = False,
        items_max: int | None = None,
        local: bool = False,
    ) -> None:
        """An empty table; no request to one that is `local` and no answer of it gets lost."""
        self.name = name
        self.rows: dict[str, Row] = {}
        self.written: list[tuple[str, Any]] = []
        """Every value that a row ever had, for promises about the past; None for its deletion."""
        self._world = world
        self._etag = 0
        self._partitioned = partitioned
        self._items_max = items_max
        self._local = local

    # Reading

    def get(self, key: str) -> Effect[Any]:
        """Return the value of a row, or None."""

        def act() -> Any:
            row = self.rows.get(key)
            return row and copied(row.value)

        return self._effect(f"reads {key}", act, told, reads=True)

    def read(self, key: str) -> Effect[Row | None]:
        """Return a row with its ETag, or None."""

        def act() -> Row | None:
            row = self.rows.get(key)
            return row and Row(key, copied(row.value), row.etag)

        tell = lambda row: told(row and row.value)  # noqa: E731
        return self._effect(f"reads {key}", act, tell, reads=True)

    def scan(self, prefix: str = "") -> Effect[dict[str, Any]]:
        """Return the values of all rows whose keys begin so, by key, in the order of the keys."""
        return self._effect(
            f"scans {prefix or 'all'}", lambda: self.values(prefix), told_keys, reads=True
        )

    def wait_for_rows(self, prefix: str = "") -> Effect[dict[str, Any]]:
        """Like `scan`, once there is at least one row."""

        def ways() -> tuple[Callable[[], dict[str, Any]], ...]:
            found = any(key.startswith(prefix) for key in self.rows)
            return (lambda: self.values(prefix),) if found else ()

        text = f"finds in {self.name}"
        return Effect(self.name, text, ways, tell=told_keys, reads=True, remote=not self._local)

    # Writing

    def insert(self, key: str, value: Any) -> Effect[None]:
        """Add a row. Raises Conflict when it is there."""
        return self.transaction(Insert(key, value))

    def put(self, key: str, value: Any) -> Effect[None]:
        """Write a row, whatever is there."""
        return self.transaction(Put(key, value))

    def update(self, key: str, value: Any, etag: int) -> Effect[None]:
        """Replace a row. Raises Conflict when its ETag is no longer the one that was read."""
        return self.transaction(Update(key, value, etag))

    def delete(self, key: str, etag: int | None = None) -> Effect[None]:
        """Remove a row; with an ETag, only the version that was read (else Conflict)."""
        return self.transaction(Delete(key, etag))

    def transaction(self, *changes: Change) -> Effect[None]:
        """Make all changes at one moment, or none. Raises Conflict or TooLarge."""
        text = "; ".join(said(each) for each in changes)
        return self._effect(text, lambda: self.apply(changes), None)

    # For checks: at once, without an effect

    def values(self, prefix: str = "") -> dict[str, Any]:
        """What `scan` returns."""
        keys = sorted(key for key in self.rows if key.startswith(prefix))
        return {key: copied(self.rows[key].value) for key in keys}

    def apply(self, changes: Iterable[Change]) -> None:
        """What `transaction` does."""
        changes = tuple(changes)
        self._refuse_too_large(changes)
        for change in changes:
            self._refuse_conflict(change)
        for change in changes:
            self._etag += 1
            if isinstance(change, Delete):
                self.rows.pop(change.key, None)
                self.written.append((change.key, None))
            else:
                value = copied(change.value)
                self.rows[change.key] = Row(change.key, value, self._etag)
                self.written.append((change.key, value))

    def _effect(
        self,
        text: str,
        act: Callable[[], Any],
        tell: Callable[[Any], str] | None,
        *,
        reads: bool = False,
    ) -> Effect[Any]:
        return Effect(
            self.name,
            f"{text} [{self.name}]",
            once(act),
            tell=tell,
            reads=reads,
            remote=not self._local,
        )

    def _refuse_conflict(self, change: Change) -> None:
        row = self.rows.get(change.key)
        if isinstance(change, Insert) and row:
            raise Conflict(f"{change.key} is there already")
        if isinstance(change, Update) and (row is None or row.etag != change.etag):
            raise Conflict(f"{change.key} has changed")
        if isinstance(change, Delete) and row and change.etag not in {None, row.etag}:
            raise Conflict(f"{change.key} has changed")

    def _refuse_too_large(self, changes: tuple[Change, ...]) -> None:
        if self._partitioned and len({each.key.partition("/")[0] for each in changes}) > 1:
            raise TooLarge("a transaction cannot span two partitions")
        for each in changes:
            value = None if isinstance(each, Delete) else each.value
            items = len(value) if isinstance(value, (list, tuple, set, dict)) else 0
            if self._items_max is not None and items > self._items_max:
                raise TooLarge(f"{each.key} has more than {self._items_max} items")


def copied(value: Any) -> Any:
    """Return a copy, so that nobody changes a row by changing what was read from it."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    if isinstance(value, (list, set)):
        return type(value)(copied(each) for each in value)
    return value


def said(change: Change) -> str:
    """Say a change as a verb and its object."""
    if isinstance(change, Delete):
        return f"deletes {change.key}"
    verb = "inserts" if isinstance(change, Insert) else "writes"
    return f"{verb} {change.key}{told(change.value)}"


def told(value: Any) -> str:
    """Say a value that was read or written."""
    if value is None:
        return " = nothing"
    if isinstance(value, dict):
        inner = ", ".join(f"{key} {each}" for key, each in value.items())
        return f" = ({inner})"
    return f" = {value}"


def told_keys(rows: dict[str, Any]) -> str:
    """Say what a scan has found."""
    return ": " + (", ".join(rows) or "nothing")
