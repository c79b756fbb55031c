"""What a backup holds in memory does not grow with the copy."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.ports.records import LOG_ENTRIES_MAX
from tests.tools.logs import DECIDER, DOMAIN, request
from tests.tools.test_backup_untrusted import made
from tools.backup import files
from tools.backup.checking import check

SMALL, LARGE = 500, 5_000
"""Entries, or keys. What each id costs in a set, 100 bytes, is 450 kB between the two."""

GROWTH_BYTES_MAX = 200_000


def one_long_log(entries: int) -> Iterator[Any]:
    yield "key", "C-1"
    rows: list[Any] = []
    state: str | None = None
    for place in range(1, entries + 1):
        asked = request("C-1", place)
        done = DECIDER.fold(asked.payload, place, state)
        state = done.state
        rows.append([place, asked.id, asked.payload, done.output, done.refused, done.version])
        if len(rows) == LOG_ENTRIES_MAX or place == entries:
            yield "entries", rows
            rows = []
    yield "done", {"place": entries, "state": state, "cursor": None}


def many_keys(keys: int) -> Iterator[Any]:
    for number in range(keys):
        yield "key", f"C-{number}"
        yield "done", {"place": 0, "state": None, "cursor": None}


def peak_of_check(folder: Path) -> int:
    tracemalloc.start()
    try:
        check(folder, DOMAIN)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("lines", [one_long_log, many_keys])
def test_check_of_a_larger_copy_takes_no_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Any
) -> None:
    monkeypatch.setattr(files, "LINE_BYTES_MAX", 50_000)  # so much is asked for when one is read
    small, large = (made(tmp_path / f"{size}", *lines(size)) for size in (SMALL, LARGE))
    check(small, DOMAIN)  # fills caches
    small_peak, large_peak = peak_of_check(small), peak_of_check(large)
    assert large_peak - small_peak < GROWTH_BYTES_MAX
