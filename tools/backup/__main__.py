"""Backup: copy a store into files, and put it back into an empty one.

    python -m tools.backup copy FOLDER      the app may be running
    python -m tools.backup check FOLDER     read every byte of a copy, and fold its logs again
    python -m tools.backup restore FOLDER [--resume]     no app may be running on the store

A copy holds every request that was accepted before it began, as an entry or as a request that
waits, and of each log a beginning without a hole. Restored, it is like an account after a fail-over
with data loss: what came after the copy is gone, and its places are given out again
(docs/operate/operations.md).

`copy` and `restore` may be ended at any moment, however. The same `copy` again goes on after the
last part that is whole; `restore --resume` goes on in the store it has begun. Without `--resume` a
store that holds anything is refused. A restore reads and checks the whole copy before it writes.

The store is the one of the app: EO_STORE and its connection, from the environment or from `Values`
of local.settings.json, or `--store`. `restore` makes tables and files that are missing.

Exit codes: 0 done; 1 refused, for the reason that is printed; 2 wrong arguments or settings; 3 the
store or the disk does not answer (repeat it); 130 stopped.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from store.ports.records import Unknown
from tools import command
from tools.backup.checking import check
from tools.backup.copying import COUNTED, copy
from tools.backup.restoring import check_empty, restore
from tools.stored.open import open_reader, open_writer
from tools.terminal import one_line


async def main(arguments: argparse.Namespace) -> int:
    """Do what the arguments say."""
    target = command.target(arguments)
    if arguments.command == "check":
        index = check(arguments.folder, target.domain)
        print(one_line(f"The copy of {index.store} in {arguments.folder} is whole."))
        return command.DONE
    if arguments.command == "copy":
        done = await copied(target, arguments.folder)
        print(f"Copied {_listed(done)} into {arguments.folder}.")
        return command.DONE
    done = await restored(target, arguments.folder, resume=arguments.resume)
    print(f"Restored {_listed(done)}; now audit it: python -m tools.audit")
    return command.DONE


async def copied(target: command.Target, folder: Path) -> Counter[str]:
    """Copy the store into `folder`. Raises as `tools.backup.copying.copy`."""
    async with AsyncExitStack() as opened:
        reader = open_reader(target.spec, target.domain.plural, target.environ)
        opened.push_async_callback(reader.close)
        store = target.store()
        opened.push_async_callback(store.close)
        await anext(aiter(reader.keys()), None)  # a store that is not there is no copy
        return await copy(reader, store.deadletters, folder, lambda: datetime.now(UTC))


async def restored(target: command.Target, folder: Path, *, resume: bool) -> Counter[str]:
    """Restore a copy. Raises as `tools.backup.restoring.restore`, and Refused for a bad copy."""
    index = check(folder, target.domain)
    async with AsyncExitStack() as opened:
        store = target.store(create=True)
        opened.push_async_callback(store.close)
        if wrong := await store.check():  # which makes the file or the tables
            raise Unknown("; ".join(wrong.values()))
        if not resume:
            reader = open_reader(target.spec, target.domain.plural, target.environ)
            opened.push_async_callback(reader.close)
            await check_empty(store, reader)
        writer = open_writer(target.spec, target.domain.plural, target.environ, create=True)
        opened.push_async_callback(writer.close)
        return await restore(folder, store, writer, index.started_at, datetime.now(UTC))


def _listed(done: Counter[str]) -> str:
    return ", ".join(f"{done[each]} {each}" for each in COUNTED)


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they are wrong."""
    parser = command.parser("backup", __doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (
        ("copy", "copy the store into FOLDER"),
        ("check", "read a copy"),
        ("restore", "put a copy into an empty store"),
    ):
        each = commands.add_parser(name, help=does, parents=[command.everywhere()])
        each.add_argument("folder", type=Path, metavar="FOLDER")
        if name == "restore":
            each.add_argument("--resume", action="store_true", help="go on with one that ended")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(command.run(lambda: main(parse())))
