"""Erase: put a blank in the place of what one request said, in every row that holds it.

    python -m tools.erase --key 7 --place 42
    python -m tools.erase --key 7 --request-id ID

Place and request id stay, so the log has no hole and a repeat of the request is answered 410, never
numbered again. Payload and output become a marked blank in the entry and the request row; an inbox
row that was left, and a dead letter of the same request, are removed. It is idempotent, and the app
may be running. A request that has no place yet is refused: it gets one within seconds.

What it cannot reach: the state after the entry, of which the domain function has made what it would
(erasing does not fold again); entries that were published to an event hub; events that a hub still
keeps; copies made by tools.backup, logs and traces; old versions of blobs and backups of a SQLite
file. An audit says from where on a log cannot be folded again, and that it is so is no violation.

Exit codes: 0 it is erased; 1 there is no such entry or request; 2 wrong arguments or settings;
3 the store does not answer (repeat it); 130 stopped.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from domain.addresses import check_address
from store.ports.deadletters import FOLD, Name
from store.ports.records import Missing
from store.ports.store import Store
from tools import command
from tools.stored.open import open_writer
from tools.stored.port import Writer


@dataclass(frozen=True, slots=True)
class Erased:
    """What is a blank now."""

    request_id: str
    place: int


async def erase(
    store: Store, writer: Writer, key: str, place: int | None, request_id: str | None
) -> Erased:
    """Erase what one request said. Raises Refused when there is none, and StoreError."""
    if request_id is None:
        assert place is not None
        entry = await store.log.get(key, place)
        if entry is None:
            raise command.Refused(f"{key} has no entry {place}")
        request_id = entry.request_id
    answered = (await store.log.find(key, [request_id])).get(request_id)
    if answered is None:
        if request_id in await store.inbox.get(key, [request_id]):
            raise command.Refused(f"request {request_id} of {key} has no place yet: repeat it soon")
        raise command.Refused(f"{key} has no request {request_id}")
    await writer.blank(key, request_id, answered.entry.place)
    await store.inbox.remove(key, [request_id])  # it is in the log, so nobody needs it
    with suppress(Missing):  # a table that is made by the first dead letter
        await store.deadletters.remove(Name(FOLD, key, request_id))
    return Erased(request_id, answered.entry.place)


async def main(arguments: argparse.Namespace) -> int:
    """Open the store, which must be there; erase; close it."""
    target = command.target(arguments)
    key = target.domain.key.text(target.domain.key.value(arguments.key))
    store = target.store()
    writer = open_writer(target.spec, target.domain.plural, target.environ, create=False)
    try:
        done = await erase(store, writer, key, arguments.place, arguments.request_id)
    finally:
        await writer.close()
        await store.close()
    print(f"Erased: place {done.place} of {key}, which request {done.request_id} keeps.")
    return command.DONE


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they are wrong."""
    parser = command.parser("erase", __doc__)
    parser.add_argument("--key", required=True)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--place", type=int, metavar="N")
    which.add_argument("--request-id", type=check_address, metavar="ID")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(command.run(lambda: main(parse())))
