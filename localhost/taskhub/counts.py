"""What the hub has done since it started."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Counters, for benchmarks and tests."""

    client_signals: int = 0
    state_reads: int = 0
    """Of entities, by clients."""
    messages_sent: int = 0
    """Between instances, timers and results of activities included."""
    starts: int = 0
    episodes: int = 0
    entity_batches: int = 0
    entity_operations: int = 0
    activities_run: int = 0
    abandoned: int = 0
    """Work items that were taken back to be run again later."""
