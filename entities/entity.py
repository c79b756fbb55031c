"""The Durable Entity of a key: the one place that speaks to the entity SDK."""

from collections.abc import Callable

import azure.durable_functions as df

from entities.messages import UNREADABLE, decode_create, decode_order, encode_order
from entities.order import Order, create
from telemetry.decisions import Decisions

CREATE = "create"
"""The one operation."""


def entity(
    tell: Decisions, ran: Callable[[str], None]
) -> Callable[[df.DurableEntityContext], None]:
    """Return the entity function; it calls `ran` with its key, on its own thread, before it
    commits: with SDK 2.x that is not the one of the event loop.

    It never throws for what a caller sent, sends nothing and does no I/O.
    """

    def order(context: df.DurableEntityContext) -> None:
        before = _state_of(context, tell)
        after = _after(before, context, tell)
        # SDK 1.x keeps the state of an operation that raised, and answers an operation that sets
        # no result with its neighbour's; 2.x rolls back and does not. So: decide first, then both.
        context.set_state(encode_order(after))
        context.set_result(None)
        ran(context.entity_key)

    return order


def _state_of(context: df.DurableEntityContext, tell: Decisions) -> Order:
    try:
        return decode_order(context.get_state())
    except UNREADABLE as error:
        # Damaged, or of a newer release that was rolled back. Starting over loses nothing: the
        # inbox has the requests and the log has the places.
        tell.state_unreadable(context.entity_key, error)
        return Order()


def _after(before: Order, context: df.DurableEntityContext, tell: Decisions) -> Order:
    try:
        if context.operation_name != CREATE:
            raise ValueError(f"no operation {context.operation_name!r}")
        message = decode_create(context.get_input())
    except UNREADABLE as error:
        tell.operation_ignored(context.entity_key, error)
        return before
    return create(before, message.ids, message.done, message.head)
