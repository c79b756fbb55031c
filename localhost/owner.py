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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localhost.data_folder import DataFolder, read_json, replace_json, shared_data_folder
from localhost.errors import StartError
from localhost.options import Storage

JOIN_SECONDS_MAX: Final = 30.0
"""How long an owner may take to start, before a standby that is started with it gives up."""

LOOK_SECONDS: Final = 0.05
"""Between two looks at the lock; so long nobody owns the folder after its owner has died."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One life of an owner."""

    pid: int
    storage: str
    address: str
    """The loopback port of its durable HTTP API, `http://127.0.0.1:17071` say."""
    name: str
    """Random. Whoever answers to it is this host and no other."""
    store: str
    """Where it keeps its TODOs, as `localhost.environment.todo_store` names it."""


def new_owner(storage: Storage, address: str, store: str = "") -> Owner:
    """Return what this process is as an owner."""
    return Owner(os.getpid(), storage, address, secrets.token_hex(8), store)


def write_owner(file: Path, owner: Owner) -> None:
    """Say where the owner is, to standbys of the same user only."""
    content = {
        "pid": owner.pid,
        "storage": owner.storage,
        "address": owner.address,
        "name": owner.name,
        "store": owner.store,
    }
    replace_json(file, content, mode=0o600)


def read_owner(file: Path) -> Owner | None:
    """Return who owns the folder, or did last; None when the file says nothing of the kind."""
    try:
        return _owner_of(read_json(file))
    except (StartError, LookupError, TypeError, ValueError):
        return None


def _owner_of(content: Any) -> Owner:
    texts = (str(content[member]) for member in ("storage", "address", "name", "store"))
    return Owner(int(content["pid"]), *texts)


def check_store(file: Path, own: Owner) -> None:
    """Refuse to go on beside an owner that would never find what this host accepts.

    Raises StartError.
    """
    owner = read_owner(file)
    if owner is not None and owner.store != own.store:
        raise StartError(
            f"process {owner.pid}, which owns {file.parent}, keeps its TODOs elsewhere (--storage"
            f" {owner.storage}): its standby must have the same TodoTables and names of tables"
        )


@contextmanager
def join_data_folder(path: Path, storage: Storage) -> Iterator[DataFolder]:
    """Own the folder when nobody does; otherwise share it with an owner that can be asked.

    Raises StartError when the owner does not get there, or keeps the TODOs elsewhere.
    """
    with shared_data_folder(path) as folder:
        _join(folder, storage)
        yield folder


def _join(folder: DataFolder, storage: Storage) -> None:
    pause, deadline = threading.Event(), time.monotonic() + JOIN_SECONDS_MAX
    while not folder.take():
        owner = read_owner(folder.owner)
        if owner is not None and str(owner.pid) == folder.owner_pid:
            folder.check_format()
            _check_storage(folder, owner, storage)
            return
        if time.monotonic() >= deadline:
            pid = folder.owner_pid or "unknown"
            raise StartError(f"{folder.path} is in use by process {pid}, which does not say where")
        pause.wait(LOOK_SECONDS)


def _check_storage(folder: DataFolder, owner: Owner, storage: Storage) -> None:
    """Refuse to accept what the owner would never find."""
    if owner.storage != storage:
        raise StartError(
            f"{folder.path} is owned by process {owner.pid} with --storage {owner.storage};"
            f" its standby cannot have --storage {storage}"
        )
