"""What all parts of a hub share."""

from dataclasses import dataclass

from localhost.sqlite_file import SqliteFile
from localhost.taskhub.clock import Clock
from localhost.taskhub.counts import Counts
from localhost.taskhub.faults import Faults
from localhost.taskhub.messages import Numbers
from localhost.taskhub.options import HubOptions
from localhost.taskhub.worker_port import Worker


@dataclass(frozen=True, slots=True)
class Resources:
    """The file, whoever runs functions, the settings, time, faults, and counters."""

    file: SqliteFile
    worker: Worker
    options: HubOptions
    clock: Clock
    faults: Faults
    numbers: Numbers
    counts: Counts
