"""What the command line says."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Storage(StrEnum):
    """Where the app keeps its inbox and log."""

    SQLITE = "sqlite"
    """A file in the data folder."""
    TABLES = "tables"
    """What the app's table connection names: Azurite or Azure."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one start; paths are absolute."""

    app: Path
    data: Path
    host: str = "127.0.0.1"
    port: int = 7071
    storage: Storage = Storage.SQLITE
    enable_auth: bool = False
    log_requests: bool = True
    standby: bool = False
    """Share the data folder with the host that owns it, and take over when that ends."""
