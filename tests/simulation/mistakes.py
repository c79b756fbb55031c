"""Notices errors that are no faults: the app logs what it survives, and survives its own bugs too."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.simulation.decisions import EXPECTED


class Mistakes(logging.Handler):
    """Hands on whatever else is logged as an exception."""

    def __init__(self, hear: Callable[[BaseException], object]) -> None:
        super().__init__()
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, EXPECTED):
            self._hear(error)


@contextmanager
def heard(hear: Callable[[BaseException], object]) -> Iterator[None]:
    """Send the log of the app nowhere else."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [Mistakes(hear)]
    try:
        yield
    finally:
        root.handlers[:] = before
