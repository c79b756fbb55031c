"""The actions of the out-of-process protocol, schema 2 (host-protocol 5.4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from localhost.taskhub.clock import SECOND, Microseconds

Action = dict[str, Any]

CALL_ACTIVITY: Final = 0
CALL_ACTIVITY_RETRY: Final = 1
CALL_SUB_ORCHESTRATOR: Final = 2
CALL_SUB_ORCHESTRATOR_RETRY: Final = 3
CONTINUE_AS_NEW: Final = 4
CREATE_TIMER: Final = 5
WAIT_FOR_EVENT: Final = 6
CALL_ENTITY: Final = 7
CALL_HTTP: Final = 8
SIGNAL_ENTITY: Final = 9
WHEN_ANY: Final = 11
WHEN_ALL: Final = 12


class InvalidAction(Exception):
    """The orchestrator asked for something that cannot be done; the instance fails with it."""


class UnknownFunction(Exception):
    """The orchestrator called what the app does not have: it waits for it for ever."""


@dataclass(frozen=True, slots=True)
class Known:
    """Which functions the app has; all take a name and return whether it is there."""

    activity: Callable[[str], bool]
    orchestrator: Callable[[str], bool]
    entity: Callable[[str], bool]
    entities: Sequence[str] = ()
    """Their names, for a text."""
    http_pause: Microseconds = 30 * SECOND
    """Of `call_http` after a 202 without Retry-After."""


def unknown_function(name: str, kind: str, known: Sequence[str]) -> str:
    """Return what the extension says about a function that is not there."""
    article = "an" if kind[0] in "aeo" else "a"
    names = ", ".join(f"'{item}'" for item in sorted(known))
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not {article} {kind} function."
        f" Additional info: The following are the known {kind} functions: {names}."
    )


def size(actions: Sequence[Action]) -> int:
    """Return how many actions there are, counting what compound ones consist of."""
    return sum(size(a["compoundActions"]) if "compoundActions" in a else 1 for a in actions)
