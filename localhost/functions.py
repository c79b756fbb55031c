"""What the host knows of a function after the worker has indexed it, and what can fire it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from random import Random
from typing import Any, Final

from localhost.app_settings import is_disabled
from localhost.errors import StartError
from localhost.rpc.messages import (
    RetryContext,
    RpcFunctionMetadata,
    RpcRetryOptions,
    RpcTraceContext,
    TypedData,
)

HTTP_TRIGGER: Final = "httpTrigger"
TIMER_TRIGGER: Final = "timerTrigger"
ACTIVITY_TRIGGER: Final = "activityTrigger"
ORCHESTRATION_TRIGGER: Final = "orchestrationTrigger"
ENTITY_TRIGGER: Final = "entityTrigger"
EVENT_HUB_TRIGGER: Final = "eventHubTrigger"
DURABLE_CLIENT: Final = "durableClient"

WORK: Final = {
    HTTP_TRIGGER: "http",
    TIMER_TRIGGER: "timer",
    ORCHESTRATION_TRIGGER: "orchestration",
    ENTITY_TRIGGER: "entity",
    ACTIVITY_TRIGGER: "activity",
    EVENT_HUB_TRIGGER: "event_hub",
}
"""Triggers that this host fires, and what a fault plan calls their functions. Functions with
another trigger are listed and never run."""

_BUILT: Final = {*WORK, DURABLE_CLIENT, "http"}
_DURABLE_NAME: Final = {
    ORCHESTRATION_TRIGGER: "orchestration",
    ACTIVITY_TRIGGER: "activity",
    ENTITY_TRIGGER: "entityName",
}
_RETRY_WITHOUT_WARNING: Final = frozenset({TIMER_TRIGGER, EVENT_HUB_TRIGGER, "cosmosDBTrigger"})
_FIXED_DELAY: Final = "fixed_delay"

Binding = Mapping[str, Any]
"""One binding as its raw JSON says (host-protocol 1.3)."""

FIRST_ATTEMPT: Final = RetryContext()


@dataclass(frozen=True, slots=True)
class Trigger:
    """What fired a function: the data of its trigger parameter, and where a trace of it began."""

    data: TypedData
    metadata: Mapping[str, TypedData] = field(default_factory=dict)
    trace: RpcTraceContext = field(default_factory=RpcTraceContext)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A function's own retry policy (host-protocol 1.5)."""

    retries_max: int
    """How often to run again after the first failure; -1 without end."""
    delay_min: timedelta
    delay_max: timedelta
    """The same as `delay_min` for a fixed delay; else the delay doubles up to this."""

    @classmethod
    def of(cls, options: RpcRetryOptions) -> "RetryPolicy":
        """Read what the worker says."""
        if options.retry_strategy == _FIXED_DELAY:
            delay = options.delay_interval or timedelta()
            return cls(options.max_retry_count, delay, delay)
        shortest = options.minimum_interval or timedelta()
        return cls(options.max_retry_count, shortest, options.maximum_interval or shortest)

    def delays(self, rng: Random) -> Iterator[timedelta]:
        """Yield the wait before each retry, endlessly for a policy without limit.

        An exponential delay is spread by 20 % either way, as the extension does, but never leaves
        its two bounds, which are the same for a fixed one.
        """
        retries, delay = 0, self.delay_min
        while self.retries_max == -1 or retries < self.retries_max:
            retries += 1
            yield min(max(delay * rng.uniform(0.8, 1.2), self.delay_min), self.delay_max)
            delay = min(delay * 2, self.delay_max)


@dataclass(frozen=True)
class Function:
    """A function that the worker can run."""

    name: str
    id: str
    trigger: Binding
    bindings: tuple[Binding, ...]
    is_async: bool
    retry: RetryPolicy | None
    disabled: bool
    directory: str
    script_file: str

    @property
    def trigger_type(self) -> str:
        """For example `httpTrigger`."""
        return str(self.trigger["type"])

    @cached_property
    def trigger_parameter(self) -> str:
        """The parameter that receives what fired the function."""
        return str(self.trigger["name"])

    @property
    def is_durable(self) -> bool:
        """Whether it is an orchestrator, an entity or an activity."""
        return self.trigger_type in _DURABLE_NAME

    @cached_property
    def clients(self) -> tuple[str, ...]:
        """Parameters that get a durable client."""
        return tuple(str(item["name"]) for item in self.bindings if item["type"] == DURABLE_CLIENT)

    @property
    def shown_name(self) -> str:
        """The name of an orchestrator, entity or activity, in its own spelling."""
        return str(self.trigger.get(_DURABLE_NAME[self.trigger_type]) or self.name)

    @property
    def durable_name(self) -> str:
        """The name that messages carry, in lower case: names match without regard to case."""
        return self.shown_name.lower()

    @cached_property
    def not_built(self) -> tuple[str, ...]:
        """The bindings that this host does not have: with one of them a function cannot run."""
        missing = (item for item in self.bindings if item["type"] not in _BUILT)
        return tuple(f"{item['type']} ({item['name']})" for item in missing)

    @property
    def retry_is_unsupported(self) -> bool:
        """The real host warns for these triggers and retries nevertheless; HTTP it never does."""
        return self.retry is not None and self.trigger_type not in _RETRY_WITHOUT_WARNING


def functions_of(
    indexed: Iterable[RpcFunctionMetadata],
    environ: Mapping[str, str],
    allowed: list[str] | None = None,
) -> list[Function]:
    """Return the worker's functions, of host.json's allow-list `functions` if there is one."""
    return [_function(item, environ) for item in indexed if allowed is None or item.name in allowed]


def _function(indexed: RpcFunctionMetadata, environ: Mapping[str, str]) -> Function:
    bindings = tuple(json.loads(text) for text in indexed.raw_bindings)
    trigger = next(item for item in bindings if str(item["type"]).lower().endswith("trigger"))
    return Function(
        name=indexed.name,
        id=indexed.function_id,
        trigger=trigger,
        bindings=bindings,
        is_async=indexed.properties.get("is_async") == "true",
        retry=None if indexed.retry_options is None else RetryPolicy.of(indexed.retry_options),
        disabled=is_disabled(indexed.name, environ),
        directory=indexed.directory,
        script_file=indexed.script_file,
    )


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
