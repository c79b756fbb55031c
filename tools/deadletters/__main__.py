"""Dead letters: events that could not become a TODO. Look at them, put them back in, drop them.

    python -m tools.deadletters list
    python -m tools.deadletters show KEY [--raw]
    python -m tools.deadletters replay KEY... | --all   [--body FILE] [--request-id ID]
    python -m tools.deadletters drop KEY...

`replay` puts an event through the same checks and the same intake as its delivery did, with the
request id that a redelivery would have, so that no number of replays makes a second TODO. It
writes the inbox row and nothing else: the running app's sweeper takes it up, some seconds later.
The letter is removed once its request is accepted, or was before.

The store is the one of the app: TODO_STORE and its connection, from the environment or from
`Values` of local.settings.json, or `--store sqlite:<path>`. The app may be running meanwhile.

Exit codes: 0 done; 1 a KEY is not there, or its event still cannot become a TODO (it stays);
2 wrong arguments or settings; 3 the store does not answer (repeat it).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from store.app_port import AppStore
from store.deadletters_port import Key
from store.open import open_store
from store.port import StoreError
from todos.wire import check_request_id
from tools.app_settings import app_settings
from tools.letters import Change, Desk, Result
from tools.letters_text import Printer
from triggers.intake import NotAccepted, Overloaded

DONE: Final = 0
NOT_ALL: Final = 1
WRONG: Final = 2
NO_ANSWER: Final = 3


async def run(arguments: argparse.Namespace, store: AppStore) -> int:
    """Do what the arguments say and return the exit code."""
    desk, printer = Desk(store), Printer(as_json=arguments.json)
    if arguments.command == "list":
        async for page in store.deadletters.pages():
            printer.summaries(page)
        printer.end()
        return DONE
    if arguments.command == "show":
        letter = await store.deadletters.get(arguments.key)
        if letter is None:
            return _missing(arguments.key)
        if arguments.raw:
            sys.stdout.buffer.write(letter.body)
        else:
            printer.letter(letter)
        return DONE
    if arguments.command == "drop":
        return await _each(arguments.keys, desk.drop, printer)
    keys = await desk.keys() if arguments.all else arguments.keys
    change = _change(arguments)
    return await _each(keys, lambda key: desk.replay(key, change), printer)


async def _each(
    keys: Sequence[Key], handle: Callable[[Key], Awaitable[Result]], printer: Printer
) -> int:
    all_done = True
    try:
        for key in keys:
            result = await handle(key)
            printer.result(result)
            all_done &= result.is_done
    finally:  # what was done before a failure is told too
        printer.end()
    return DONE if all_done else NOT_ALL


def _missing(key: Key) -> int:
    print(f"There is no dead letter {key}.", file=sys.stderr)
    return NOT_ALL


def _change(arguments: argparse.Namespace) -> Change:
    body = None if arguments.body is None else arguments.body.read_bytes()
    return Change(body, arguments.request_id)


async def run_and_close(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Open the store, run, close it; turn failures into exit codes and a line on stderr."""
    try:
        values = app_settings(environ)
        store = open_store(arguments.store or values.get("TODO_STORE") or "tables", values)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return WRONG
    try:
        return await run(arguments, store)
    except (StoreError, NotAccepted, Overloaded) as error:
        print(f"The store does not answer: {error.__cause__ or error}", file=sys.stderr)
        return NO_ANSWER
    except OSError as error:  # --body
        print(error, file=sys.stderr)
        return WRONG
    finally:
        await store.close()


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.deadletters",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_everywhere()],
    )
    commands = parser.add_subparsers(dest="command", required=True)
    parents = [_everywhere()]
    commands.add_parser("list", parents=parents, help="one line per dead letter")
    show = commands.add_parser("show", parents=parents, help="one with all that is in it")
    show.add_argument("key", type=Key.parse, metavar="KEY")
    show.add_argument("--raw", action="store_true", help="its body, byte by byte, and nothing else")
    replay = commands.add_parser(
        "replay", parents=parents, help="put them through the intake again"
    )
    replay.add_argument("keys", type=Key.parse, metavar="KEY", nargs="*")
    replay.add_argument("--all", action="store_true", help="all there are")
    replay.add_argument("--body", type=Path, metavar="FILE", help="in place of its body")
    replay.add_argument(
        "--request-id", type=check_request_id, metavar="ID", help="in place of its request id"
    )
    drop = commands.add_parser("drop", parents=parents, help="remove them for good")
    drop.add_argument("keys", type=Key.parse, metavar="KEY", nargs="+")
    arguments = parser.parse_args(argv, argparse.Namespace(store=None, json=False))
    if arguments.command == "replay":
        if bool(arguments.keys) == arguments.all:
            replay.error("give one or more KEYs, or --all")
        changed = arguments.body is not None or arguments.request_id is not None
        if changed and len(arguments.keys) != 1:
            replay.error("--body and --request-id are for a single KEY")
    return arguments


def _everywhere() -> argparse.ArgumentParser:
    """What goes before the command and behind it: without defaults, which would undo the other."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--store", help="tables or sqlite:<path>; default: TODO_STORE")
    options.add_argument("--json", action="store_true", help="one JSON document as output")
    return options


def main() -> int:
    """Run the command."""
    return asyncio.run(run_and_close(parse(), os.environ))


if __name__ == "__main__":
    sys.exit(main())
