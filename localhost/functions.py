"""What the host knows of a function after indexing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from localhost.errors import StartError
from localhost.timespan import parse_timespan

HTTP_TRIGGER: Final = "httpTrigger"
TIMER_TRIGGER: Final = "timerTrigger"
ACTIVITY_TRIGGER: Final = "activityTrigger"
ORCHESTRATION_TRIGGER: Final = "orchestrationTrigger"
ENTITY_TRIGGER: Final = "entityTrigger"
EVENT_HUB_TRIGGER: Final = "eventHubTrigger"
DURABLE_CLIENT: Final = "durableClient"

FIRED_TRIGGERS: Final = frozenset(
    {
        HTTP_TRIGGER,
        TIMER_TRIGGER,
        ACTIVITY_TRIGGER,
        ORCHESTRATION_TRIGGER,
        ENTITY_TRIGGER,
        EVENT_HUB_TRIGGER,
    }
)
"""Triggers that this host fires. Functions with another one are listed and never run."""

_DURABLE_NAME: Final = {
    ORCHESTRATION_TRIGGER: "orchestration",
    ACTIVITY_TRIGGER: "activity",
    ENTITY_TRIGGER: "entityName",
}
_RETRY_WITHOUT_WARNING: Final = frozenset({TIMER_TRIGGER, EVENT_HUB_TRIGGER, "cosmosDBTrigger"})

Binding = Mapping[str, Any]
"""One binding as its raw JSON says (host-protocol 1.3)."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A function's own retry policy (host-protocol 1.5)."""

    retries_max: int
    """How often to run again after the first failure; -1 without end."""
    delay_min: timedelta
    delay_max: timedelta
    """The same as `delay_min` for a fixed delay; else the delay doubles up to this."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "RetryPolicy":
        """Read the SDK's settings, all texts. Raises ValueError, KeyError on nonsense."""
        retries_max = int(settings["max_retry_count"])
        if retries_max < -1:
            raise ValueError(f"max_retry_count must be -1 or more, not {retries_max}")
        if settings["strategy"] == "fixed_delay":
            delay = parse_timespan(settings["delay_interval"])
            return cls(retries_max, delay, delay)
        if settings["strategy"] == "exponential_backoff":
            shortest = parse_timespan(settings["minimum_interval"])
            longest = parse_timespan(settings["maximum_interval"])
            return cls(retries_max, shortest, longest)
        raise ValueError(f"unknown strategy {settings['strategy']!r}")


@dataclass(frozen=True, slots=True)
class Function:
    """A function, ready to be called with keyword arguments."""

    name: str
    call: Callable[..., Any]
    is_async: bool
    trigger: Binding
    bindings: tuple[Binding, ...]
    clients: tuple[str, ...]
    """Parameters that get a durable client."""
    wants_context: bool
    returns: str | None
    """The binding type that encodes what it returns; None when it must return nothing."""
    retry: RetryPolicy | None
    disabled: bool
    directory: str

    @property
    def trigger_type(self) -> str:
        """For example `httpTrigger`."""
        return str(self.trigger["type"])

    @property
    def trigger_parameter(self) -> str:
        """The parameter that receives what fired the function."""
        return str(self.trigger["name"])

    @property
    def durable_name(self) -> str:
        """The name that messages carry, in lower case: names match without regard to case."""
        member = _DURABLE_NAME[self.trigger_type]
        return str(self.trigger.get(member) or self.name).lower()

    @property
    def is_fired(self) -> bool:
        """Whether this host ever runs it by itself."""
        return self.trigger_type in FIRED_TRIGGERS and not self.disabled

    @property
    def retry_is_unsupported(self) -> bool:
        """The real host warns for these triggers and retries nevertheless; HTTP it never does."""
        return self.retry is not None and self.trigger_type not in _RETRY_WITHOUT_WARNING


def by_durable_name(functions: list[Function], trigger_type: str) -> dict[str, Function]:
    """Return the enabled functions of one durable kind. Raises StartError when two share a name."""
    found: dict[str, Function] = {}
    for function in functions:
        if function.trigger_type != trigger_type or function.disabled:
            continue
        name = function.durable_name
        if name in found:
            raise StartError(f"{found[name].name} and {function.name} share the name {name!r}")
        if trigger_type == ORCHESTRATION_TRIGGER and name.startswith("@"):
            raise StartError(f"{function.name}: the name of an orchestrator cannot begin with '@'")
        found[name] = function
    return found
