"""Who owns the data folder and where: `owner.json`, written by the owner once it can be asked.

It stays when its host dies, until the next owner. Whoever reads it meanwhile reaches nobody, or a
stranger on a port that was used again, who does not know `name`.
"""

import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from localhost.data_folder import DataFolder, read_json, replace_json, shared_data_folder
from localhost.errors import StartError

JOIN_SECONDS_MAX: Final = 30.0
"""How long an owner may take to start, before a standby that is started with it gives up."""

LOOK_SECONDS: Final = 0.05
"""Between two looks at the lock; so long nobody owns the folder after its owner has died."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One life of an owner."""

    pid: int
    address: str
    """The loopback port of its durable HTTP API, `http://127.0.0.1:17071` say."""
    name: str
    """Random. Whoever answers to it is this host and no other."""
    settings: str
    """What `localhost.environment.shared_settings` makes of its settings."""


def new_owner(address: str, settings: str = "") -> Owner:
    """Return what this process is as an owner."""
    return Owner(os.getpid(), address, secrets.token_hex(8), settings)


def write_owner(file: Path, owner: Owner) -> None:
    """Say where the owner is, to standbys of the same user only."""
    replace_json(file, asdict(owner), mode=0o600)


def read_owner(file: Path) -> Owner | None:
    """Return who owns the folder, or did last; None when the file says nothing of the kind."""
    try:
        return read_json(file, Owner)
    except StartError:
        return None


def check_settings(file: Path, own: Owner) -> None:
    """Refuse to go on beside an owner whose app would never find what this one accepts.

    Raises StartError.
    """
    owner = read_owner(file)
    if owner is not None and owner.settings != own.settings:
        raise StartError(
            f"process {owner.pid}, which owns {file.parent}, has other values for the app settings"
            " that LOCALHOST_SHARED_SETTINGS names"
        )


@contextmanager
def join_data_folder(path: Path) -> Iterator[DataFolder]:
    """Own the folder when nobody does; otherwise share it with an owner that can be asked.

    Raises StartError when the owner does not get there.
    """
    with shared_data_folder(path) as folder:
        _join(folder)
        yield folder


def _join(folder: DataFolder) -> None:
    pause, deadline = threading.Event(), time.monotonic() + JOIN_SECONDS_MAX
    while not folder.take():
        owner = read_owner(folder.owner)
        if owner is not None and str(owner.pid) == folder.owner_pid:
            folder.check_format()
            return
        if time.monotonic() >= deadline:
            pid = folder.owner_pid or "unknown"
            raise StartError(f"{folder.path} is in use by process {pid}, which does not say where")
        pause.wait(LOOK_SECONDS)
