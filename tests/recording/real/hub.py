"""The task hub and the entity, with what ties an order that is read to the signals that made it.

A signal carries a number, and a state the mark of the operation that made it, beside what the app
writes and reads. So a state that somebody reads names the operation, that names the state before it
and its signal, and what was run and never committed is named by nobody.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import azure.durable_functions as df
from azure.durable_functions.models.EntityStateResponse import EntityStateResponse

from entities.entity import entity
from taskhub.durable import DurableHub
from telemetry.decisions import Decisions
from tests.recording.real.journal import Journal

NUMBER: Final = "number"
MARK: Final = "mark"

EntityFunction = Callable[[df.DurableEntityContext], None]


class TracedClient:
    """What `DurableHub` uses of a durable client."""

    def __init__(self, client: df.DurableOrchestrationClient, journal: Journal) -> None:
        """Call `client`."""
        self._client = client
        self._journal = journal

    async def signal_entity(self, entity_id: df.EntityId, operation: str, body: Any) -> None:
        """Note the signal, then send it."""
        about = {each: body[each] for each in ("ids", "done", "head")}
        number = self._journal.next_mark()
        journal = self._journal
        journal.note(entity_id.key, "entity.signal", by=journal.by, number=number, **about)
        await self._client.signal_entity(entity_id, operation, {**body, NUMBER: number})

    async def read_entity_state(self, entity_id: df.EntityId) -> EntityStateResponse:
        """Note which operation has made the state that is read."""
        journal, after, since = self._journal, self._journal.number, time.time() * 1_000
        answer = await self._client.read_entity_state(entity_id)
        state = answer.entity_state or {"outbox": [], "head": 0}
        shown = {"mark": state.get(MARK), "outbox": state["outbox"], "head": state["head"]}
        by = journal.by
        journal.note(entity_id.key, "entity.read", after=after, since=since, by=by, **shown)
        return answer

    async def start_new(self, name: str, *, client_input: Any) -> str:
        """Start an orchestration, which the model does not know."""
        return str(await self._client.start_new(name, client_input=client_input))


def traced_hub(journal: Journal) -> Callable[..., DurableHub]:
    """Return what makes a hub of a durable client, as `DurableHub` does."""

    def hub(client: df.DurableOrchestrationClient, entity: str, orchestration: str) -> DurableHub:
        traced: Any = TracedClient(client, journal)
        return DurableHub(traced, entity, orchestration)

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
