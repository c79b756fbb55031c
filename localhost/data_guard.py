"""Notices that the data folder changes under the host: removed, replaced, emptied, truncated.

SQLite goes on writing into files that have no name any more, and makes a missing file anew. Both
would lose what was acknowledged, silently.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

from localhost.data_folder import DataFolder

LOOK_SECONDS: Final = 0.25


class DataLost(Exception):
    """What has happened to the folder; nothing that is written now can be relied on."""


class DataGuard:
    """Looks at the folder and its databases, a few `stat` at a time."""

    def __init__(self, data: DataFolder) -> None:
        """`data` is owned by this host."""
        self._data = data
        self._files: dict[Path, os.stat_result] = {}

    async def watch(self) -> None:
        """Look until something is wrong. Raises DataLost."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Raise DataLost when a file is not what it was at the last look."""
        if not self._data.is_in_place:
            raise DataLost(f"{self._data.path} was removed or replaced")
        for file, before in self._files.items():
            self._files[file] = _compare(file, before)
        for file in self._data.path.glob("*.db"):
            if file not in self._files and (found := file.stat()).st_size:
                self._data.remember(file.name)
                self._files[file] = found


def _compare(file: Path, before: os.stat_result) -> os.stat_result:
    try:
        now = file.stat()
    except OSError as error:
        raise DataLost(f"{file} was removed") from error
    if now.st_ino != before.st_ino:
        raise DataLost(f"{file} was replaced")
    if now.st_size < before.st_size:
        raise DataLost(f"{file} was truncated")
    return now
