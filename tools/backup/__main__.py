"""Backup: copy a store into files, and put it back into an empty one.

    python -m tools.backup copy FOLDER      the app may be running
    python -m tools.backup check FOLDER     read every byte of a copy
    python -m tools.backup restore FOLDER [--resume]     no app may be running on the store

A copy holds every request that was accepted before it began, as a TODO or as a request that waits,
and of each log a beginning without a hole. Restored, it is like an account after a fail-over with
data loss: what came after the copy is gone, and its ids are given out again (docs/operations.md).

`copy` and `restore` may be ended at any moment, however. The same `copy` again goes on after the
last part that is whole; `restore --resume` goes on in the store it has begun. Without `--resume` a
store that holds anything is refused. Both tell what they did; after a restore, audit.

The store is the one of the app: TODO_STORE and its connection, from the environment or from
`Values` of local.settings.json, or `--store`. `restore` makes tables that are missing.

Exit codes: 0 done; 1 refused, for the reason that is printed; 2 wrong arguments or settings; 3 the
store or the disk does not answer (repeat it).
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from store.app_port import AppStore
from store.audit_open import open_audit
from store.open import open_store
from store.port import StoreError, Unknown
from store.restore_open import open_restore
from tools.app_settings import app_settings
from tools.copy_files import Refused, check_copy
from tools.copying import COUNTED, copy
from tools.restoring import check_empty, restore

DONE: Final = 0
REFUSED: Final = 1
WRONG: Final = 2
NO_ANSWER: Final = 3


async def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Do what the arguments say; turn failures into exit codes and a line on stderr."""
    try:
        if arguments.command == "check":
            print(f"whole: {check_copy(arguments.folder).store}")
            return DONE
        values = app_settings(environ)
        spec = arguments.store or values.get("TODO_STORE") or "tables"
        store = open_store(spec, values)
    except Refused as refused:
        return _say(REFUSED, refused)
    except (OSError, ValueError) as error:
        return _say(WRONG, error)
    try:
        done = await _with(store, spec, values, arguments)
    except Refused as refused:
        return _say(REFUSED, refused)
    except (StoreError, OSError) as error:
        return _say(NO_ANSWER, f"It was not finished and can be repeated: {error}")
    finally:
        await store.close()
    verb = "copied" if arguments.command == "copy" else "restored"
    print(f"{verb}  " + ", ".join(f"{done[each]} {each}" for each in COUNTED))
    if arguments.command == "restore":
        print("Now audit it: python -m tools.audit")
    return DONE


async def _with(
    store: AppStore, spec: str, values: Mapping[str, str], arguments: argparse.Namespace
) -> Counter[str]:
    copying = arguments.command == "copy"
    if not copying:
        check_copy(arguments.folder)
    if not copying and (wrong := await store.check()):  # which makes the file or the tables
        raise Unknown("; ".join(wrong.values()))
    async with AsyncExitStack() as opened:
        reader = open_audit(spec, values)
        opened.push_async_callback(reader.close)
        if copying:
            await anext(reader.partitions(), None)  # a store that is not there is not made
            return await copy(
                reader, store.deadletters, arguments.folder, lambda: datetime.now(UTC)
            )
        if not arguments.resume:
            await check_empty(store, reader)
        writer = open_restore(spec, values)
        opened.push_async_callback(writer.close)
        return await restore(arguments.folder, store, writer, datetime.now(UTC))


def _say(code: int, what: object) -> int:
    print(what, file=sys.stderr)
    return code


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.backup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--store", help="tables or sqlite:<path>; default: TODO_STORE")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (
        ("copy", "copy the store into FOLDER"),
        ("check", "read a copy"),
        ("restore", "put a copy into an empty store"),
    ):
        command = commands.add_parser(name, help=does)
        command.add_argument("folder", type=Path, metavar="FOLDER")
        if name == "restore":
            command.add_argument("--resume", action="store_true", help="go on with one that ended")
    return parser.parse_args(argv)


def main() -> int:
    """Run the command."""
    return asyncio.run(run(parse(), os.environ))


if __name__ == "__main__":
    sys.exit(main())
