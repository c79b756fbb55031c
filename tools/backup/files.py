"""A copy of a store as files: parts of JSON lines, each with its checksum, and one that names them.

    copy.json           {"v": 2, "store": …, "startedAt": …, "finishedAt": …, "parts": [sha256, …]}
    part-00000.jsonl    a line is an array: its kind, then what belongs to it
    part-00001.jsonl    …

Lines: `["letter", {…}]`; `["key", "C-7"]`, then for that key `["inbox", [[requestId, payload],
…]]`, `["entries", [[place, requestId, payload, output, refused, version], …]]`, and `["done",
{"place", "state", "cursor"}]`. Payloads, outputs and states are JSON texts.
The last line of a part is `["end", {"after", "lines", "sha256"}]`, where the checksum is of all
bytes before it. A part gets its name when all of it is on disk, so a part that is there is whole;
`copy.json` gets `finishedAt` when all parts are there. What a crash left is either, or ignored.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from tools.command import Refused

VERSION: Final = 2

LINE_BYTES_MAX: Final = 8 * 1024 * 1024
"""A dead letter has at most 4 MiB; of longer lines we have written none."""

INDEX: Final = "copy.json"

PART_BYTES: Final = 64 * 1024 * 1024
"""After a key that goes beyond it, a new part begins."""


@dataclass(frozen=True, slots=True)
class Index:
    """What is known about a copy."""

    store: str
    started_at: datetime
    finished_at: datetime | None = None
    parts: tuple[str, ...] = ()
    """Checksums, in order."""

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return None when there is no copy. Raises Refused when it makes no sense or is newer."""
        try:
            with open_regular(folder / INDEX) as file:
                content = json.loads(file.read(LINE_BYTES_MAX))
            if content["v"] != VERSION:
                raise Refused(f"{folder} has format {content['v']!r}, not {VERSION}")
            return cls._of(content)
        except FileNotFoundError:
            return None
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise Refused(f"{folder / INDEX} is damaged: {error}") from error

    @classmethod
    def _of(cls, content: Mapping[str, Any]) -> Self:
        finished = content.get("finishedAt")
        return cls(
            content["store"],
            datetime.fromisoformat(content["startedAt"]),
            datetime.fromisoformat(finished) if finished else None,
            tuple(content.get("parts", ())),
        )

    def write(self, folder: Path) -> None:
        """Put it in the place of the one before, whole or not at all."""
        content = {
            "v": VERSION,
            "store": self.store,
            "startedAt": self.started_at.isoformat(),
            "finishedAt": self.finished_at.isoformat() if self.finished_at else None,
            "parts": list(self.parts),
        }
        text = json.dumps(content, indent=1) + "\n"
        with create_regular(folder / f"{INDEX}.new") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        _publish(folder / f"{INDEX}.new", folder / INDEX)


class Part:
    """A part that is being written."""

    def __init__(self, folder: Path, number: int) -> None:
        """Begin it, instead of one that was never ended."""
        self._path = part_path(folder, number)
        self._file = create_regular(self._new)
        self._hash = hashlib.sha256()
        self._lines = 0
        self.bytes = 0

    @property
    def _new(self) -> Path:
        return self._path.with_suffix(".new")

    def add(self, *line: Any) -> None:
        """Write a line."""
        text = _line(line)
        self._hash.update(text)
        self._file.write(text)
        self._lines += 1
        self.bytes += len(text)

    def end(self, after: str) -> None:
        """Write the end, have all of it on disk, and give it its name."""
        digest = self._hash.hexdigest()
        self._file.write(_line(("end", {"after": after, "lines": self._lines, "sha256": digest})))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        _publish(self._new, self._path)

    def close(self) -> None:
        """Leave it as it is; without an end it counts for nothing."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class End:
    """The end of a part that is whole."""

    after: str
    """The key after which the next part goes on."""
    sha256: str


def part_path(folder: Path, number: int) -> Path:
    """Return where a part is."""
    return folder / f"part-{number:05d}.jsonl"


def parts_of(folder: Path) -> Sequence[Path]:
    """Return the parts that have an end, in order."""
    paths: list[Path] = []
    while (path := part_path(folder, len(paths))).exists():
        paths.append(path)
    return paths


def check_part(path: Path) -> End:
    """Read all of it. Raises Refused when it is not what was written."""
    digest, line, count = hashlib.sha256(), b"", 0
    try:
        with open_regular(path) as file:
            for following in _lines(file):
                if line:
                    digest.update(line)
                    count += 1
                line = following
        kind, end = json.loads(line)
        after, written = end["after"], (kind, end["lines"], end["sha256"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise Refused(f"{path} cannot be read: {error}") from error
    if written != ("end", count, digest.hexdigest()):
        raise Refused(f"{path} is damaged: its checksum is not that of its content")
    return End(after, digest.hexdigest())


def check_copy(folder: Path) -> Index:
    """Read every byte of a copy; return its index. Raises Refused when it is not whole."""
    index = Index.read(folder)
    if index is None or index.finished_at is None:
        raise Refused(f"{folder} holds no finished copy")
    found = tuple(check_part(path).sha256 for path in parts_of(folder))
    if found != index.parts:
        raise Refused(f"{folder} does not hold the parts that {INDEX} names")
    return index


def lines_of(folder: Path) -> Iterator[tuple[str, Any]]:
    """Go through the lines of all parts: the kind, and what belongs to it. Raises Refused."""
    for path in parts_of(folder):
        with open_regular(path) as file:
            for number, line in enumerate(_lines(file), 1):
                try:
                    kind, content = json.loads(line)
                except (ValueError, TypeError, RecursionError) as error:
                    raise Refused(f"{path}, line {number}: {error}") from error
                if kind != "end":
                    yield str(kind), content


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can read. Raises Refused for one of somebody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = folder.stat()
    if there.st_uid != os.getuid() or there.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Refused(f"{folder} is not yours alone: others may write into it")


def create_regular(path: Path) -> BinaryIO:
    """Make a file for its owner, never through a link, in place of one that was left."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def open_regular(path: Path) -> BinaryIO:
    """Open a file to be read, never a link, a pipe or a device. Raises OSError and Refused."""
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise Refused(f"{path} is not a file")
    return os.fdopen(opened, "rb")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LINE_BYTES_MAX + 1):
        if len(line) > LINE_BYTES_MAX:
            raise Refused(f"{file.name} has a line of more than {LINE_BYTES_MAX} bytes")
        yield line


def _line(content: Sequence[Any]) -> bytes:
    # Half a surrogate pair, which a dead letter may hold, is an escape in ASCII.
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _publish(new: Path, path: Path) -> None:
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, must be on disk
    finally:
        os.close(folder)
