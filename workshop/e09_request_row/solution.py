"""First the inbox, the request row last: what was seen in the inbox may be in the ledger by then."""

from workshop.simulator import Conflict, Table


async def accept(request: str, content: str, inbox: Table, ledger: Table) -> int:
    """Answer a request.

    202 it will be booked with this content, 200 it was booked with this content,
    422 the id belongs to other content: this one is not booked, ever.
    """
    waiting: str | None = content
    try:
        await inbox.insert(request, content)
    except Conflict:
        waiting = await inbox.get(request)
    booked = await ledger.get(f"request/{request}")
    if booked is not None:
        return 200 if booked == content else 422
    return 202 if waiting == content else 422
