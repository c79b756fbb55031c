"""The settings of a task hub: `extensions.durableTask` of host.json, already checked."""

import os
from dataclasses import dataclass
from enum import StrEnum

from localhost.taskhub.clock import SECOND, Microseconds
from localhost.taskhub.queues import QueueTimes

CONCURRENCY_PER_CPU = 10
"""Default of the three concurrency limits, per CPU (dedicated and premium plans)."""


class Overridable(StrEnum):
    """Which existing instances a start with the same id may replace."""

    NON_RUNNING_STATES = "NonRunningStates"
    ANY_STATE = "AnyState"


def _default_concurrency() -> int:
    return CONCURRENCY_PER_CPU * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubOptions:
    """Defaults are those of the Durable Task extension where it has them."""

    hub_name: str = "TestHubName"
    default_version: str | None = None
    max_concurrent_activities: int = _default_concurrency()
    max_concurrent_orchestrators: int = _default_concurrency()
    max_concurrent_entities: int = _default_concurrency()
    max_entity_operation_batch_size: int = 5000
    entity_message_reorder_window_minutes: int = 30
    """0 turns sorting and deduplication of messages between instances off."""
    max_orchestration_actions: int = 100_000
    overridable_existing_instance_states: Overridable = Overridable.NON_RUNNING_STATES
    store_inputs_in_history: bool = False
    http_pause: Microseconds = 30 * SECOND
    queues: QueueTimes | None = None
    """None: what is sent arrives at once, and again at once after a kill."""
    storage_seconds: float = 0.0
    """What a request to the storage takes beyond the time of this machine's disk."""
    lease: Microseconds = 0
    """For how long nobody reads the queues after a reader that did not stop in an orderly way."""
