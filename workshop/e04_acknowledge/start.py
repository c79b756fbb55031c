"""A depot takes orders from a queue and sends parcels."""

from workshop.simulator import Queue, Table

# message = await orders.receive()   once there is one; message.body is the order
# await orders.acknowledge(message)  the queue forgets it
#
# What was received and not acknowledged is delivered again when this process has died, or when
# nothing else happens for a while.


async def work(orders: Queue, depot: Table) -> None:
    """Send a parcel for every order, for ever. Runs again after each crash."""
    while True:
        message = await orders.receive()
        await orders.acknowledge(message)
        await depot.put(f"parcel/{message.body}", "sent")
