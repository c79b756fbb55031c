"""Intake: a request has an id that its sender made up, and is sent again when in doubt.

A worker, which is given, takes each row of the inbox and writes ONE transaction to the ledger: the
booking and the row "request/{id}" = content, which stays for ever. Then it deletes the inbox row.
When "request/{id}" is there already it only deletes the inbox row.
"""

from workshop.simulator import Conflict, Table

# await inbox.insert(request, content)   Conflict when there is a row
# await inbox.get(request)               the content, or None
# await ledger.get("request/...")        the content that was booked, or None


async def accept(request: str, content: str, inbox: Table, ledger: Table) -> int:
    """Answer a request.

    202 it will be booked with this content, 200 it was booked with this content,
    422 the id belongs to other content: this one is not booked, ever.
    """
    booked = await ledger.get(f"request/{request}")
    if booked is not None:
        return 200 if booked == content else 422
    try:
        await inbox.insert(request, content)
    except Conflict:
        waiting = await inbox.get(request)
        return 202 if waiting == content else 422
    return 202
