"""The hub's file with the latency of a storage service."""

import asyncio
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from localhost.sqlite_file import SqliteFile, Work

T = TypeVar("T")


class SlowFile(SqliteFile):
    """Each write takes as long as a request to Azure Storage, half of it before it happens."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(path)
        self._half = seconds / 2

    @override
    async def write(self, label: str, work: Work[T]) -> T:
        await asyncio.sleep(self._half)
        result = await super().write(label, work)
        await asyncio.sleep(self._half)
        return result
