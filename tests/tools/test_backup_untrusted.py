"""Copies that the app has not written: nothing of them gets into a store."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tools.logs import DOMAIN, KEYS
from tests.tools.test_backup import is_there
from tools.backup import files
from tools.backup.__main__ import restored
from tools.backup.checking import check
from tools.backup.files import Index, Part, check_part, lines_of
from tools.command import Refused, Target

KEY = KEYS[0]


def made(folder: Path, *lines: Any) -> Path:
    """A copy whose checksums are right."""
    folder.mkdir(mode=0o700)
    part = Part(folder, 0)
    for line in lines:
        part.add(*line)
    part.end("")
    now = datetime.now(UTC)
    Index("made by hand", now, now, (check_part(files.part_path(folder, 0)).sha256,)).write(folder)
    return folder


ORDER = '{"year":2026,"cents":5,"currency":"EUR"}'
INVOICE = '{"number":"2026-000001","cents":5,"currency":"EUR","total":{"EUR":5}}'
STATE = '{"last":1,"totals":{"EUR":5}}'
ENTRY = [1, "a", ORDER, INVOICE, False, 1]
DONE = {"place": 1, "state": STATE, "cursor": 1}
LETTER: dict[str, Any] = {
    "name": "requests/0/abc-def",
    "code": "c",
    "reason": "r",
    "requestId": None,
    "enqueuedAt": None,
    "storedAt": "2026-05-04T12:00:00+00:00",
    "bodyBytes": 0,
    "messageId": None,
    "properties": {},
    "body": "",
}


def changed(**columns: Any) -> list[Any]:
    names = ("place", "request_id", "payload", "output", "refused", "version")
    return [columns.get(name, value) for name, value in zip(names, ENTRY, strict=True)]


def test_copy_made_by_hand_can_be_sound(folder: Path) -> None:
    copy = made(folder, ("letter", LETTER), ("key", KEY), ("entries", [ENTRY]), ("done", DONE))
    assert check(copy, DOMAIN).store == "made by hand"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([("key", "-5")], id="key of no domain"),
        pytest.param([("key", -5)], id="key no text"),
        pytest.param([("key", KEY), ("done", DONE | {"place": 0}), ("key", KEY)], id="key twice"),
        pytest.param([("key", KEY), ("entries", [changed(place=2)])], id="hole"),
        pytest.param([("key", KEY), ("entries", [ENTRY, changed(place=2)])], id="id twice"),
        pytest.param([("key", KEY), ("entries", [changed(request_id="\x1b")])], id="id"),
        pytest.param([("key", KEY), ("entries", [changed(request_id="a/b")])], id="id slash"),
        pytest.param([("key", KEY), ("entries", [changed(payload='{"x":1}')])], id="payload"),
        pytest.param([("key", KEY), ("entries", [changed(payload="\x1b")])], id="no json"),
        pytest.param([("key", KEY), ("entries", [changed(output="{}")])], id="output"),
        pytest.param([("key", KEY), ("entries", [changed(version=2)])], id="version"),
        pytest.param([("key", KEY), ("entries", [changed(refused=0)])], id="refused"),
        pytest.param([("key", KEY), ("entries", [])], id="no entries"),
        pytest.param([("key", KEY), ("entries", [ENTRY] * 50)], id="too many entries"),
        pytest.param([("entries", [ENTRY])], id="entries before a key"),
        pytest.param(
            [("key", KEY), ("entries", [ENTRY]), ("done", DONE | {"cursor": 9})], id="cursor"
        ),
        pytest.param(
            [("key", KEY), ("entries", [ENTRY]), ("done", DONE | {"place": 2})], id="place"
        ),
        pytest.param(
            [("key", KEY), ("entries", [ENTRY]), ("done", DONE | {"state": "{}"})], id="state"
        ),
        pytest.param([("key", KEY), ("inbox", [["a", '{"x":"\x1b"}']])], id="inbox payload"),
        pytest.param([("key", KEY), ("inbox", [["\x1b", ORDER]])], id="inbox id"),
        pytest.param([("key", KEY), ("inbox", [["a", "\ud800"]])], id="inbox surrogate"),
        pytest.param([("letter", LETTER | {"name": "abc"})], id="letter name"),
        pytest.param([("letter", LETTER | {"requestId": "\x1b"})], id="letter request id"),
        pytest.param([("letter", LETTER | {"reason": 5})], id="letter reason"),
        pytest.param([("letter", [])], id="letter no object"),
        pytest.param([("wish", 1)], id="unknown kind"),
    ],
)
async def test_copy_that_the_app_cannot_have_written_is_refused(
    folder: Path, other: Target, lines: list[Any]
) -> None:
    with pytest.raises(Refused):
        await restored(other, made(folder, *lines), resume=False)
    assert not is_there(other)


def test_deep_and_long_lines_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(folder, ("key", KEY))
    part = files.part_path(folder, 0)
    part.write_bytes(b"[" * 200_000 + b"\n")
    with pytest.raises(Refused, match="cannot be read"):
        check(folder, DOMAIN)
    monkeypatch.setattr(files, "LINE_BYTES_MAX", 100)
    with pytest.raises(Refused, match="more than 100 bytes"):
        list(lines_of(folder))


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_path_that_is_not_a_file_is_not_read(folder: Path, what: str) -> None:
    made(folder, ("key", KEY))
    part = files.part_path(folder, 0)
    part.unlink()
    if what == "link":
        part.symlink_to("/dev/zero")
    else:
        os.mkfifo(part)
    with pytest.raises(Refused):
        check(folder, DOMAIN)


def test_part_is_never_written_through_a_link(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    target = tmp_path / "precious"
    target.write_text("precious")
    (folder / "part-00000.new").symlink_to(target)
    part = Part(folder, 0)
    part.add("key", KEY)
    part.end("")
    assert target.read_text() == "precious"
    assert files.part_path(folder, 0).stat().st_mode & 0o777 == 0o600


def test_folder_that_others_can_write_into_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(Refused, match="others may write"):
        files.make_folder(folder)


@pytest.mark.parametrize("byte", [0, 10, -5])
def test_changed_byte_is_noticed(folder: Path, byte: int) -> None:
    made(folder, ("key", KEY))
    part = files.part_path(folder, 0)
    content = bytearray(part.read_bytes())
    content[byte] ^= 1
    part.write_bytes(content)
    with pytest.raises(Refused):
        check(folder, DOMAIN)


def test_index_of_another_version_is_refused(folder: Path) -> None:
    made(folder, ("key", KEY))
    index = folder / files.INDEX
    index.write_text(json.dumps(json.loads(index.read_text()) | {"v": 1}))
    with pytest.raises(Refused, match="has format 1"):
        check(folder, DOMAIN)
