"""The task hub and the entity, with what ties an order that is read to the signals that made it.

A signal carries a number, and a state the mark of the operation that made it, beside what the app
writes and reads. So a state that somebody reads names the operation, that names the state before it
and its signal, and what was run and never committed is named by nobody.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import azure.durable_functions as df
from typing_extensions import override

from entities.entity import entity
from taskhub.durable import DurableHub
from taskhub.sdk import Calls, calls_of
from telemetry.decisions import Decisions
from tests.recording.real.journal import Journal

NUMBER: Final = "number"
MARK: Final = "mark"

EntityFunction = Callable[[df.DurableEntityContext], None]


class TracedCalls(Calls):
    """Notes what `DurableHub` asks of the Durable SDK, and asks it."""

    def __init__(self, calls: Calls, journal: Journal) -> None:
        """Ask `calls`."""
        self._calls = calls
        self._journal = journal

    @override
    async def signal(self, entity: str, key: str, operation: str, message: Any) -> None:
        about = {each: message[each] for each in ("ids", "done", "head")}
        number = self._journal.next_mark()
        journal = self._journal
        journal.note(key, "entity.signal", by=journal.by, number=number, **about)
        await self._calls.signal(entity, key, operation, {**message, NUMBER: number})

    @override
    async def state(self, entity: str, key: str) -> Any:
        """Note which operation has made the state that is read."""
        journal, after, since = self._journal, self._journal.number, time.time() * 1_000
        found = await self._calls.state(entity, key)
        state = found or {"outbox": [], "head": 0}
        shown = {"mark": state.get(MARK), "outbox": state["outbox"], "head": state["head"]}
        journal.note(key, "entity.read", after=after, since=since, by=journal.by, **shown)
        return found

    @override
    async def start(self, orchestration: str, message: Any) -> None:
        """Start an orchestration, which the model does not know."""
        await self._calls.start(orchestration, message)

    @override
    async def purge(self, since: datetime, until: datetime) -> int:
        return await self._calls.purge(since, until)


def traced_hub(journal: Journal) -> Callable[..., DurableHub]:
    """Return what makes a hub of a durable client, as `hub_of` does."""

    def hub(client: Any, entity: str, orchestration: str) -> DurableHub:
        return DurableHub(TracedCalls(calls_of(client), journal), entity, orchestration)

    return hub


def traced_entity(journal: Journal) -> Callable[..., EntityFunction]:
    """Return what makes the entity function, as `entities.entity.entity` does."""

    def make(tell: Decisions, ran: Callable[[str], None]) -> EntityFunction:
        plain = entity(tell, ran)

        def order(context: df.DurableEntityContext) -> None:
            before = (context.get_state() or {}).get(MARK)
            number = context.get_input()[NUMBER]
            plain(context)
            state, mark = context.get_state(), journal.next_mark()
            context.set_state({**state, MARK: mark})
            shown = {each: state[each] for each in ("outbox", "head")}
            # The SDK makes one context for all operations of a batch.
            batch = vars(context).setdefault("_batch", mark)
            journal.executed(
                *(context.entity_key,),
                **{"before": before, "number": number, "mark": mark, "batch": batch, **shown},
            )

        return order

    return make
