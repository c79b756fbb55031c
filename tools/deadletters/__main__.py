"""Dead letters: events that could not be accepted, and requests that the domain function failed on.

    python -m tools.deadletters list
    python -m tools.deadletters show NAME [--raw]
    python -m tools.deadletters replay NAME... | --all   [--body FILE] [--request-id ID]
    python -m tools.deadletters drop NAME...

`replay` puts it through the same checks and the same intake as before, with the request id that a
redelivery would have, so that no number of replays makes a second entry. It writes the inbox row
and nothing else: the running app's sweeper takes it up, some seconds later. The dead letter is
removed once its request is accepted, or was before.

The store is the one of the app: EO_STORE and its connection, from the environment or from `Values`
of local.settings.json, or `--store sqlite:<path>`. The app may be running meanwhile.

Exit codes: 0 done; 1 a NAME is not there, or still cannot be accepted (it stays); 2 wrong arguments
or settings; 3 the store does not answer (repeat it); 130 stopped.
"""

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from domain.addresses import check_address
from intake.admission import Overloaded
from store.ports.deadletters import Name
from store.ports.records import Missing
from store.ports.store import Store
from tools import command
from tools.deadletters.desk import Change, Desk, Result
from tools.deadletters.printing import Printer
from tools.stored.open import open_reader
from tools.terminal import Progress


async def run(arguments: argparse.Namespace, store: Store, desk: Desk) -> int:
    """Do what the arguments say and return the exit code."""
    printer = Printer(as_json=arguments.json)
    if arguments.command == "list":
        async for page in store.deadletters.pages():
            printer.summaries(page)
        printer.end()
        return command.DONE
    if arguments.command == "show":
        return await _show(arguments, store, printer)
    if arguments.command == "drop":
        return await _each(arguments.names, desk.drop, printer)
    names = await desk.names() if arguments.all else arguments.names
    body = None if arguments.body is None else arguments.body.read_bytes()
    change = Change(body, arguments.request_id)
    return await _each(names, lambda name: desk.replay(name, change), printer)


async def _show(arguments: argparse.Namespace, store: Store, printer: Printer) -> int:
    letter = await store.deadletters.get(arguments.name)
    if letter is None:
        return command.say(command.NOT_SO, f"There is no dead letter {arguments.name}.")
    if arguments.raw:
        sys.stdout.buffer.write(letter.body)
    else:
        printer.letter(letter)
    return command.DONE


async def _each(
    names: Sequence[Name], handle: Callable[[Name], Awaitable[Result]], printer: Printer
) -> int:
    all_done = True
    progress = Progress("dead letters", len(names))
    try:
        for name in names:
            result = await handle(name)
            printer.result(result)
            progress.add(1)
            all_done &= result.is_done
    finally:  # what was done before a failure is told too
        progress.end()
        printer.end()
    return command.DONE if all_done else command.NOT_SO


async def main(arguments: argparse.Namespace) -> int:
    """Open the store, which must be there, run, close it."""
    target = command.target(arguments)
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    try:
        await anext(aiter(reader.keys()), None)  # Missing, when the name of the store is wrong
    finally:
        await reader.close()
    store = target.store()
    try:
        return await run(arguments, store, Desk(store, target.domain))
    except Missing:  # the table is made by the first one
        print("[]" if arguments.json else "There are 0 dead letters.")
        return command.DONE if arguments.command == "list" else command.NOT_SO
    except Overloaded as error:
        return command.say(command.NO_ANSWER, f"The store does not keep up: {error}")
    finally:
        await store.close()


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they are wrong."""
    parser = command.parser("deadletters", __doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    parents = [command.everywhere()]
    listed = commands.add_parser("list", parents=parents, help="one line per dead letter")
    show = commands.add_parser("show", parents=parents, help="one with all that is in it")
    show.add_argument("name", type=Name.parse, metavar="NAME")
    show.add_argument("--raw", action="store_true", help="its body, byte by byte, and nothing else")
    replay = commands.add_parser("replay", parents=parents, help="put them through the intake")
    replay.add_argument("names", type=Name.parse, metavar="NAME", nargs="*")
    replay.add_argument("--all", action="store_true", help="all there are")
    replay.add_argument("--body", type=Path, metavar="FILE", help="in place of its body")
    replay.add_argument(
        "--request-id", type=check_address, metavar="ID", help="in place of its request id"
    )
    drop = commands.add_parser("drop", parents=parents, help="remove them for good")
    drop.add_argument("names", type=Name.parse, metavar="NAME", nargs="+")
    for each in listed, show, replay, drop:
        each.add_argument("--json", action="store_true", help="one JSON document as output")
    arguments = parser.parse_args(argv)
    if arguments.command == "replay":
        if bool(arguments.names) == arguments.all:
            replay.error("give one or more NAMEs, or --all")
        changed = arguments.body is not None or arguments.request_id is not None
        if changed and len(arguments.names) != 1:
            replay.error("--body and --request-id are for a single NAME")
    return arguments


if __name__ == "__main__":
    sys.exit(command.run(lambda: main(parse())))
