"""`python -m localhost.worker STREAM LIFELINE`: two inherited file descriptors."""

import asyncio
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Final

from localhost.rpc.messages import ToWorker
from localhost.rpc.stream import Stream
from localhost.worker.dispatcher import Dispatcher

THREAD_SWITCH_SECONDS: Final = 0.0005
"""A tenth of Python's default. The event loop's thread is busy and gives the interpreter lock
away only when it is asked to; a thread that runs a plain function would wait 5 ms for it."""


def main() -> None:
    """Serve the host until it says to end or is gone."""
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)
    stream, lifeline = map(int, sys.argv[1:])
    threading.Thread(target=_end_with_host, args=(lifeline,), daemon=True).start()
    loop = _new_event_loop()
    asyncio.set_event_loop(loop)
    opened: list[Stream] = []
    try:
        loop.run_until_complete(_serve(socket.socket(fileno=stream), opened.append))
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like, raised by the app
        for each in opened:
            each.flush()  # what it logged before that
        _end_at_once(error)


async def _serve(connection: socket.socket, opened: Callable[[Stream], None]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    dispatcher = Dispatcher(ended.set)
    stream = Stream(ToWorker, dispatcher.received, ended.set)
    opened(stream)
    dispatcher.open(stream)  # first: a message may come at once
    await loop.create_unix_connection(lambda: stream, sock=connection)
    await ended.wait()


def _end_with_host(lifeline: int) -> None:
    """End this process once the host's end of the pipe is closed, whatever runs here."""
    os.read(lifeline, 1)
    os._exit(1)


def _end_at_once(error: BaseException) -> None:
    """End without waiting for functions that still run on threads."""
    traceback.print_exception(error)
    sys.stdout.flush()
    sys.stderr.flush()
    code = error.code if isinstance(error, SystemExit) else 1
    os._exit(code if isinstance(code, int) else 1)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


if __name__ == "__main__":
    main()
