"""The trigger `events`: requests for TODOs out of an event hub, in batches.

Returning is what moves the checkpoint. So it returns only when every event is in the inbox, in
the log or among the dead letters; otherwise it raises, and the host calls it with the same batch
again, without end. Only the partition of the batch waits for that.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, List  # noqa: UP035 - see Events

import azure.durable_functions as df
import azure.functions as func

from activities.hub import DurableHub, Hub, HubOf
from settings import Settings
from store.deadletters_port import DeadLetters
from telemetry import decisions, tracing
from todos import TodoRequest
from triggers.dead_events import letter_of
from triggers.event_requests import REFUSALS, Dead, request_of
from triggers.event_wire import Delivered, Event, events_of
from triggers.intake import Intake, Refused

CONNECTION: Final = "EventHubs"
"""Name of the setting or, with an identity, the beginning of the names of the settings."""

RETRIES_WITHOUT_END: Final = "-1"
"""With any other number, or none, the checkpoint moves past a batch that keeps failing, and its
events are lost."""

RETRY_FIRST: Final = "00:00:01"
RETRY_LAST: Final = "00:00:30"
"""Pause before the first retry and, doubling up to it, before all later ones."""

LETTERS_AT_ONCE_MAX: Final = 16
"""Dead letters of one batch that are written side by side; each may have 1 MiB."""

Events = List[func.EventHubEvent]  # noqa: UP006 - the SDK does not take `list[…]` for a list


@dataclass(frozen=True, slots=True)
class EventCalls:
    """Takes batches in."""

    intake: Intake
    deadletters: DeadLetters
    hub_name: str
    """For events that come from no partition."""
    now: Callable[[], datetime]
    """Aware."""

    async def receive(self, delivered: Delivered, hub: Hub) -> None:
        """Put every event where it belongs. Raises when one of them could not be put anywhere."""
        requests: list[tuple[Event, TodoRequest]] = []
        dead: list[tuple[Event, Dead]] = []
        for event in events_of(delivered, self.hub_name):
            try:
                requests.append((event, request_of(event)))
            except Dead as reason:
                dead.append((event, reason))
        if requests:
            dead += await self._accept(requests, hub)
        await self._bury(dead)

    async def _accept(
        self, requests: Sequence[tuple[Event, TodoRequest]], hub: Hub
    ) -> list[tuple[Event, Dead]]:
        """Accept them; return those that were refused, with the reason."""
        outcomes = await self.intake.accept([request for _, request in requests], hub)
        return [
            (event, Dead(REFUSALS[outcome.reason], outcome.reason.value))
            for (event, _), outcome in zip(requests, outcomes, strict=True)
            if isinstance(outcome, Refused)
        ]

    async def _bury(self, dead: Sequence[tuple[Event, Dead]]) -> None:
        places = asyncio.Semaphore(LETTERS_AT_ONCE_MAX)

        async def one(event: Event, reason: Dead) -> None:
            letter = letter_of(event, reason, self.now())
            async with places:
                await self.deadletters.put(letter)
            summary = letter.summary
            decisions.event_dead(str(summary.key), reason.code, summary.request_id)

        await asyncio.gather(*(one(event, reason) for event, reason in dead))


def blueprint(
    intake: Intake,
    deadletters: DeadLetters,
    settings: Settings,
    now: Callable[[], datetime],
    hub_of: HubOf = DurableHub,
) -> df.Blueprint:
    """Declare the trigger; `settings` name the hub."""
    functions = df.Blueprint()
    calls = EventCalls(intake, deadletters, settings.requests_hub, now)

    @functions.event_hub_message_trigger(
        "events",
        connection=CONNECTION,
        event_hub_name="%TODO_REQUESTS_HUB%",
        consumer_group=settings.requests_consumer_group,
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
            await calls.receive(events, hub_of(client))

    return functions
