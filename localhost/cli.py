"""The command `python -m localhost`: exit 0 after Ctrl-C, 1 when it cannot start, 2 for usage."""

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from localhost.console import Console
from localhost.data_folder import DataFolder, open_data_folder
from localhost.errors import StartError
from localhost.options import Options
from localhost.owner import join_data_folder
from localhost.profile import Placement, add_options, profile_of

THREAD_SWITCH_SECONDS: Final = 0.0005
"""A tenth of Python's default. The event loop's thread is busy and gives the interpreter lock
away only when it is asked to; a thread that has just finished an fsync, or that runs a plain
function, would wait 5 ms for it each time."""

STOP_SECONDS_MAX: Final = 40.0
"""Functions have 30 seconds to finish; nothing that hangs keeps the process longer than this."""

PORT_MAX: Final = 65_535
INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the host until SIGINT or SIGTERM, or `check` an app; return the exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["check"]:
        from localhost.check import main as check

        return check(arguments[1:])
    options = parse_options(arguments)
    console = Console(log_requests=options.log_requests)
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)
    open_folder = join_data_folder if options.standby else open_data_folder
    try:
        with open_folder(options.data) as data, asyncio.Runner(loop_factory=_loop()) as runner:
            runner.run(_serve(options, data, console))
    except StartError as error:
        print(f"localhost: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0  # before it served
    return 0


def parse_options(arguments: Sequence[str] | None) -> Options:
    """Read the command line. Exits with code 2 when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m localhost", description="Run a Functions app on this machine."
    )
    parser.add_argument("--port", type=_port, default=7071, help="default 7071; 0 for a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--data", type=Path, default=Path(".data"), help="folder that survives (default .data)"
    )
    parser.add_argument("folder", type=Path, nargs="?", help="the same as --app")
    parser.add_argument(
        "--app", type=Path, default=Path(), help="folder with function_app.py (default: here)"
    )
    parser.add_argument("--enable-auth", action="store_true", help="ask for keys, as Azure does")
    parser.add_argument("--no-request-log", action="store_true", help="no line per request")
    parser.add_argument(
        "--standby", action="store_true",
        help="share the data folder with the host that owns it; take over when that ends",
    )  # fmt: skip
    add_options(parser, os.environ)
    given = parser.parse_args(arguments)
    profile = profile_of(given)
    if given.standby and profile.placement is Placement.APART:
        parser.error("--standby needs --placement together")
    return Options(
        app=(given.folder or given.app).resolve(),
        data=given.data.resolve(),
        host=given.host,
        port=given.port,
        enable_auth=given.enable_auth,
        log_requests=not given.no_request_log,
        standby=given.standby,
        profile=profile,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _loop() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve(options: Options, data: DataFolder, console: Console) -> None:
    # Not at the top: it imports the SDKs, which a wrong command line need not wait for.
    from localhost.host import running_host

    stop = _stop_signal()
    async with running_host(options, data, console) as host:
        console.line(f"Listening on {host.base_url}. Press Ctrl-C to stop process {os.getpid()}.")
        await host.serve_until(stop)
        _end_within(STOP_SECONDS_MAX)
        console.line("Stopping.")


def _stop_signal() -> asyncio.Event:
    """Return the event that the first SIGINT or SIGTERM sets; the second ends the process."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    return stop


def _end_within(seconds: float) -> None:
    # All that must survive is in SQLite already, or this host would not survive kill -9 either.
    end = threading.Timer(seconds, os._exit, (0,))
    end.daemon = True
    end.start()
