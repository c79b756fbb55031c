"""Which functions read which hubs, and how: from their bindings (host-protocol 1.3, 9.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from localhost.app_settings import resolve
from localhost.errors import StartError
from localhost.functions import EVENT_HUB_TRIGGER, Function

CONSUMER_GROUP_DEFAULT: Final = "$Default"


class DataType(StrEnum):
    """How the bodies of events reach the function."""

    BINARY = "binary"
    STRING = "string"
    UNDEFINED = "undefined"
    """Not declared: the host parses them as JSON when there can be many."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A function, the hub and consumer group that it reads, and what it wants to get."""

    function: Function
    hub: str
    consumer_group: str
    many: bool
    """Cardinality: a list of events, or one event at a time."""
    data_type: DataType


def build_subscriptions(
    functions: Iterable[Function], environ: Mapping[str, str]
) -> list[Subscription]:
    """Return the subscriptions of all Event Hubs functions, disabled ones too.

    Raises StartError when a name cannot be resolved, or when two functions share a consumer group:
    on Azure they would take the partitions from each other, and each would see some of the events.
    """
    found = [
        _subscription(function, environ)
        for function in functions
        if function.trigger_type == EVENT_HUB_TRIGGER
    ]
    readers: dict[tuple[str, str], str] = {}
    for item in found:
        if item.function.disabled:
            continue
        place = item.hub.lower(), item.consumer_group.lower()
        other = readers.setdefault(place, item.function.name)
        if other != item.function.name:
            raise StartError(
                f"{other} and {item.function.name} both read {item.hub} as consumer group"
                f" {item.consumer_group}; each needs a group of its own"
            )
    return found


def _subscription(function: Function, environ: Mapping[str, str]) -> Subscription:
    binding = function.trigger

    def text(name: str, default: str) -> str:
        value = str(binding.get(name) or default)
        return resolve(value, environ, f"{function.name}: {name}")

    hub = text("eventHubName", "")
    if not hub:
        raise StartError(f"{function.name}: its trigger names no event hub")
    return Subscription(
        function=function,
        hub=hub,
        consumer_group=text("consumerGroup", CONSUMER_GROUP_DEFAULT),
        many=str(binding.get("cardinality", "")).upper() == "MANY",
        data_type=_data_type(binding),
    )


def _data_type(binding: Mapping[str, Any]) -> DataType:
    declared = str(binding.get("dataType") or DataType.UNDEFINED).lower()
    if declared == "stream":
        return DataType.BINARY
    return DataType(declared) if declared in list(DataType) else DataType.UNDEFINED
