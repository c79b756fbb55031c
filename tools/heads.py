"""Heads: where each log ends, how many requests wait, how far it was published.

    python -m tools.heads [--domain MODULE] [--store tables | sqlite:<path>] [--key KEY] [--json]

One line per key, in the order of the store. It only reads, a few rows of each key; a store that is
not there is not made. What it shows is where emulator, portal and query language show nothing, and
what a fail-over or a restore is compared with.

Exit codes: 0 done; 1 a row cannot be read; 2 wrong arguments or settings; 3 the store does not
answer; 130 stopped.
"""

import argparse
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from tools import command
from tools.stored.open import open_reader
from tools.stored.port import Damaged, Reader
from tools.terminal import Progress, one_line, say

WAITING_MAX: Final = 1_000
"""Counted of a key; more are shown as `1000+`."""


@dataclass(frozen=True, slots=True)
class KeyHead:
    """What a line says."""

    key: str
    place: int
    """Of the last entry."""
    waiting: int
    """Requests in the inbox, up to `WAITING_MAX`."""
    published: int | None
    wrong: str | None = None
    """Why a row cannot be read."""


async def heads(reader: Reader, key: str | None) -> AsyncIterator[KeyHead]:
    """Go through the keys. Raises Unknown."""
    if key is not None:
        yield await _of(reader, key)
        return
    async for each in reader.keys():
        yield await _of(reader, each)


async def _of(reader: Reader, key: str) -> KeyHead:
    head, cursor = await reader.head(key), await reader.cursor(key)
    waiting = 0
    async for page in reader.inbox(key):
        waiting += len(page)
        if waiting >= WAITING_MAX:
            break
    damaged = [each for each in (head, cursor) if isinstance(each, Damaged)]
    return KeyHead(
        key,
        0 if head is None or isinstance(head, Damaged) else head.place,
        min(waiting, WAITING_MAX),
        None if isinstance(cursor, Damaged) else cursor,
        damaged[0].reason if damaged else None,
    )


async def main(arguments: argparse.Namespace) -> int:
    """Print them."""
    target = command.target(arguments)
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    progress = Progress(f"{target.domain.key.singular}s")
    count = entries = waiting = wrong = 0
    try:
        async for each in heads(reader, arguments.key):
            count, entries, waiting = count + 1, entries + each.place, waiting + each.waiting
            wrong += each.wrong is not None
            say(json.dumps(asdict(each)) if arguments.json else _line(each))
            progress.add(1, each.key)
    finally:
        progress.end()
        await reader.close()
    if not arguments.json:
        what = f"{count} {target.domain.key.singular}s, {entries} entries, {waiting} waiting"
        print(f"{what}, {wrong} that cannot be read.")
    return command.NOT_SO if wrong else command.DONE


def _line(head: KeyHead) -> str:
    waiting = f"{head.waiting}+" if head.waiting == WAITING_MAX else str(head.waiting)
    published = "never published" if head.published is None else f"published to {head.published}"
    text = head.wrong or f"ends with {head.place}, {waiting} waiting, {published}"
    return one_line(f"{head.key}  {text}")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they are wrong."""
    parser = command.parser("heads", __doc__)
    parser.add_argument("--key", help="this one only")
    parser.add_argument("--json", action="store_true", help="a JSON object per line")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(command.run(lambda: main(parse())))
