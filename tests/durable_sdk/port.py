"""What such tests need of an SDK, and which one it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from localhost.taskhub.clock import Microseconds
from localhost.taskhub.decisions import Decision
from localhost.taskhub.events import Event
from taskhub.sdk import IS_2
from triggers.durable import Names

RunBatch = Callable[[str, str | None, Sequence[tuple[str, str]]], tuple[str | None, list[Any]]]
"""Runs a batch: of a key, its state (JSON text) and operations (name, message as JSON text) the
next state and what the operations answered. An operation that raises is an AssertionError."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An orchestration about to run: what is stored of it, and what is new."""

    id: str
    input: str
    """JSON."""
    names: Names
    history: Sequence[Event]
    new: Sequence[Event]
    now: Microseconds


Decide = Callable[[Moment], tuple[Sequence[Decision], bool]]
"""Runs an episode: what is decided for the first time, and whether that was the end. Code that
fails, or does not repeat its history, is an AssertionError."""

BUILT_IN: Final = "BuiltIn__"
"""Begins the names of the functions that SDK 2.x adds to every app, for `call_http`."""

_sdk: Any = import_module("tests.durable_sdk." + ("protobuf" if IS_2 else "json_text"))

run_batch_of: Final[Callable[[str, Any], RunBatch]] = _sdk.run_batch_of
"""Of the name of an entity and its function."""
decide_of: Final[Callable[[Any], Decide]] = _sdk.decide_of
"""Of an orchestrator function."""
FIRST_ID: Final[int] = _sdk.FIRST_ID
"""Of the first decision."""
