"""The trigger `events` of a domain.

Returning is what moves the checkpoint. So it returns only when every event is where it belongs;
otherwise it raises, and the host calls it with the same batch again, without end. Only the
partition of the batch waits for that.
"""

from typing import Any, Final, List  # noqa: UP035 - see Events

import azure.durable_functions as df
import azure.functions as func
from azure.functions import SettingsApi

from taskhub.durable import HubOf
from telemetry import tracing
from triggers.events.receive import Receiver

CONNECTION: Final = "EventHubs"
"""Name of the setting or, with an identity, the beginning of the names of the settings."""

RETRIES_WITHOUT_END: Final = "-1"
"""With any other number, or none, the checkpoint moves past a batch that keeps failing, and its
events are lost."""

RETRY_FIRST: Final = "00:00:01"
RETRY_LAST: Final = "00:00:30"
"""Pause before the first retry and, doubling up to it, before all later ones."""

Events = List[func.EventHubEvent]  # noqa: UP006 - the SDK does not take `list[…]` for a list


class _Blueprint(df.Blueprint, SettingsApi):
    """That of SDK 2.x has no retry policies without the second."""


def blueprint(
    name: str, receiver: Receiver, event_hub: str, consumer_group: str, hub_of: HubOf
) -> df.Blueprint:
    """Declare the trigger as the function `name`."""
    functions = _Blueprint()

    @functions.function_name(name)
    @functions.event_hub_message_trigger(
        "events",
        connection=CONNECTION,
        event_hub_name=event_hub,
        consumer_group=consumer_group,
        cardinality=func.Cardinality.MANY,
        # Anything else, and the host makes JSON of the bodies: one that is none loses the batch.
        data_type=func.DataType.BINARY,
    )
    @functions.retry(
        strategy="exponential_backoff",
        max_retry_count=RETRIES_WITHOUT_END,
        minimum_interval=RETRY_FIRST,
        maximum_interval=RETRY_LAST,
    )
    @functions.durable_client_input("client")
    async def events(events: Events, client: Any, context: func.Context) -> None:
        with tracing.invocation(context.trace_context):
            await receiver.receive(events, hub_of(client))

    return functions
