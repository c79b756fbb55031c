"""A line says exactly what was put into it, whatever that was."""

import json
import logging
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.producer import NotSent
from store.ports.records import Unknown
from taskhub.port import HubUnknown
from telemetry.decisions import LOGGER, log
from telemetry.lines import IDS_CHARACTERS_MAX, pieces
from tests.telemetry.examples import EVENTS, TELL, story, written_by

FORGED = [
    '1c9e" id=9 requests=["1c9e"]',
    '\ncreated domain="telling" key="7" first=1 requests=["1c9e"]',
    '\\" requests=["1c9e"] \\"',
    '"],["1c9e"]',
    '","',
    ",",
    "]",
    "\\",
    'x"] key="8" id=3 first=4 last=5',
    "\x00\x1b[2J\r\u2028",
]
"""Request ids that would be a line, the end of one, or another field, if one could be such."""

any_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=255)


@pytest.mark.parametrize("event", EVENTS)
def test_event_is_one_line_that_begins_with_its_name(event: str) -> None:
    (line,) = written_by(EVENTS[event])
    assert re.match(rf'{event} domain="telling" ?', line)
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize("request_id", FORGED, ids=repr)
def test_no_id_can_be_taken_for_another_or_for_a_field(request_id: str) -> None:
    places = {"first": 42, request_id: 43, "last": 44}
    lines = written_by(lambda: TELL.created("7", places))
    lines += written_by(lambda: TELL.replayed("7", {request_id: 43}))
    lines += written_by(lambda: TELL.refused("7", "OTHER_CONTENT", [request_id]))
    assert story(lines, "7", request_id) == [("created", 43), ("replayed", 43), ("refused", None)]
    assert story(lines, "7", "last") == [("created", 44)]
    assert story(lines, "7", "1c9e") == []
    assert story(lines, "8", request_id) == []


@given(st.lists(any_text, min_size=1, max_size=20, unique=True))
def test_any_ids_are_read_back_as_they_were(ids: list[str]) -> None:
    lines = written_by(lambda: TELL.created("7", {each: n for n, each in enumerate(ids, 1)}))
    for place, request_id in enumerate(ids, 1):
        assert story(lines, "7", request_id) == [("created", place)]


@given(st.dictionaries(any_text, st.integers(1, 40), min_size=1, max_size=20))
def test_places_with_gaps_are_told_in_runs(places: dict[str, int]) -> None:
    distinct = {each: n for each, n in places.items() if list(places.values()).count(n) == 1}
    lines = written_by(lambda: TELL.created("7", distinct))
    for request_id, place in distinct.items():
        assert story(lines, "7", request_id) == [("created", place)]


@given(st.text())
def test_cause_is_no_field(text: str) -> None:
    error = Unknown(f'{text} requests=["1c9e"] requests=[]')
    lines = written_by(lambda: TELL.signal_failed("7", error))
    assert story(lines, "7", "1c9e") == []


@given(st.text())
def test_cause_of_a_failed_service_is_no_field(text: str) -> None:
    error = Unknown(f'{text} requests=["1c9e"] requests=[]')
    [line] = written_by(lambda: TELL.not_accepted("7", ["a"], error))
    assert story([line], "7", "1c9e") == []
    assert line.endswith(' requests=["a"]')


@pytest.mark.parametrize("error", [Unknown("full"), HubUnknown("full"), NotSent("full")], ids=repr)
def test_failed_service_is_one_line_with_its_cause(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    # A full disk once made 78 lines of each request that was turned away.
    try:
        raise error from OSError("no space")
    except type(error):
        TELL.emit_failed("7", error)
    [record] = caplog.records
    assert logging.Formatter().format(record).splitlines() == [
        f'emit_failed domain="telling" key="7" cause="{error!r}"'
    ]
    assert vars(record)["fields"]["cause"] == repr(error)


def test_anything_else_brings_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    TELL.emit_failed("7", ValueError("a bug"))
    [record] = caplog.records
    assert "ValueError: a bug" in logging.Formatter().format(record)


@pytest.mark.parametrize("ids", [["x" * 255] * 300, ["🧊" * 255] * 30, ["x"], []])
def test_line_is_never_longer_than_what_is_kept_of_it(ids: Sequence[str]) -> None:
    cut = list(pieces(ids))
    assert [each for piece in cut for each in piece] == list(ids)
    assert all(len(json.dumps(list(each))) < IDS_CHARACTERS_MAX + 400 for each in cut)
    assert all(cut) or not ids


def test_what_is_cut_into_lines_keeps_its_places() -> None:
    places = {f"{n:0255}": 1_000 + n for n in range(100)}
    lines = written_by(lambda: TELL.created("7", places))
    assert len(lines) > 1
    assert story(lines, "7", f"{99:0255}") == [("created", 1_099)]


def test_fields_are_attributes_of_the_record_as_well(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        TELL.published("7", 1, 2)
    fields = {"event": "published", "domain": "telling", "key": "7", "first": 1, "last": 2}
    assert vars(caplog.records[0])["fields"] == fields


def test_line_that_is_not_wanted_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*_: object) -> str:
        raise AssertionError("it was")

    monkeypatch.setattr("telemetry.lines._json", made)
    monkeypatch.setattr("telemetry.lines.render", made)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        for tell in EVENTS.values():
            tell()
    finally:
        log.setLevel(level)


def test_hub_at_fault_for_waiting_callers_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        TELL.last_resort("7", ["a"], waited_for=1)
        TELL.last_resort("7", ["a"], waited_for=0)
        TELL.swept(3, 0, 61.0)
        TELL.swept(3, 0, 59.0)
    warning, info = logging.WARNING, logging.INFO
    assert [each.levelno for each in caplog.records] == [warning, info, warning, info]
