"""What the app asks of the Durable SDK: the one place where it depends on which one is installed."""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any, Final, Protocol

import azure.durable_functions as df

IS_2: Final = hasattr(df, "DurableFunctionsClient")
"""Whether it is SDK 2.x."""


class Calls(Protocol):
    """To the hub. They raise whatever the SDK raises, and may hang as long as it lets them."""

    async def signal(self, entity: str, key: str, operation: str, message: Any) -> None:
        """Send an operation to an entity; `message` is JSON."""

    async def state(self, entity: str, key: str) -> Any:
        """Return the committed state of an entity, JSON; None for one that never was."""

    async def start(self, orchestration: str, message: Any) -> None:
        """Start an orchestration; `message` is JSON."""

    async def purge(self, since: datetime, until: datetime) -> int:
        """Delete orchestrations that have ended and were started between; return how many.

        Never one that runs: that is also the status of every entity, for as long as it lives.
        """


_module: Any = import_module("taskhub.sdk2" if IS_2 else "taskhub.sdk1")

declare_entity: Final[Callable[[df.Blueprint, str, Any], Any]] = _module.declare_entity
"""Declares the function of an entity: of a blueprint, the entity's name and its function, what the
decorators of a blueprint take."""

calls_of: Final[Callable[[Any], Calls]] = _module.calls_of
"""Makes them of what the binding of a durable client gives an invocation. They stay usable after
the invocation has ended."""
