"""host.json's `extensions.eventHubs` (host-protocol 8)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from localhost.errors import StartError
from localhost.eventhubs.events import Milliseconds, to_milliseconds
from localhost.host_json import HostJson

_SECTION: Final = "extensions.eventHubs."
MAX_WAIT_TIME_MAX: Final = timedelta(minutes=10)


class InitialOffset(StrEnum):
    """Where a consumer group without a checkpoint begins."""

    FROM_START = "fromStart"
    FROM_END = "fromEnd"
    FROM_ENQUEUED_TIME = "fromEnqueuedTime"


@dataclass(frozen=True, slots=True)
class EventHubOptions:
    """How batches are made and how often their progress is written down."""

    max_event_batch_size: int = 100
    min_event_batch_size: int = 1
    max_wait_time: timedelta = timedelta(minutes=1)
    """How long the first event of a batch waits for `min_event_batch_size` to come together."""
    batch_checkpoint_frequency: int = 1
    initial_offset: InitialOffset = InitialOffset.FROM_START
    enqueued_since: Milliseconds = 0
    """For FROM_ENQUEUED_TIME."""

    @classmethod
    def read(cls, host: HostJson) -> "EventHubOptions":
        """Raise StartError for a value that the extension would refuse."""
        plain = cls()
        largest = host.number(_SECTION + "maxEventBatchSize", plain.max_event_batch_size, 1)
        smallest = host.number(_SECTION + "minEventBatchSize", plain.min_event_batch_size, 1)
        if smallest > largest:
            raise StartError("host.json: `minEventBatchSize` is greater than `maxEventBatchSize`")
        frequency = _SECTION + "batchCheckpointFrequency"
        initial = host.choice(_SECTION + "initialOffsetOptions.type", plain.initial_offset)
        return cls(
            max_event_batch_size=largest,
            min_event_batch_size=smallest,
            max_wait_time=host.span(
                _SECTION + "maxWaitTime", plain.max_wait_time, timedelta(), MAX_WAIT_TIME_MAX
            ),
            batch_checkpoint_frequency=host.number(frequency, plain.batch_checkpoint_frequency, 1),
            initial_offset=initial,
            enqueued_since=(
                _enqueued_since(host) if initial is InitialOffset.FROM_ENQUEUED_TIME else 0
            ),
        )


def _enqueued_since(host: HostJson) -> Milliseconds:
    path = _SECTION + "initialOffsetOptions.enqueuedTimeUtc"
    text = host.text(path, "")
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise StartError(f"host.json: `{path}` must be an ISO 8601 time, not {text!r}") from error
    return to_milliseconds(when if when.tzinfo else when.replace(tzinfo=UTC))
