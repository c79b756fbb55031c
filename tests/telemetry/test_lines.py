"""A line says exactly what was put into it, whatever that was."""

import json
import logging
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.port import Unknown
from telemetry import decisions
from telemetry.lines import IDS_CHARACTERS_MAX, pieces
from tests.store.examples import REQUEST_IDS
from tests.telemetry.examples import DECISIONS, line_of, story, written_by

FORGED = [
    '1c9e" id=9 requests=["1c9e"]',
    '\ncreated project=7 first=1 requests=["1c9e"]',
    '\\" requests=["1c9e"] \\"',
    '"],["1c9e"]',
    '","',
    ",",
    "]",
    "\\",
    'x"] project=8 id=3 first=4 last=5',
    "\x00\x1b[2J\r\u2028",
]
"""Request ids that would be a line, the end of one, or another field."""

OTHERS = [*FORGED, *REQUEST_IDS.values()]

a_request_id = st.text(st.characters(codec="utf-8"), min_size=1, max_size=255)


@pytest.mark.parametrize("event", DECISIONS)
def test_every_decision_is_one_line_that_begins_with_its_name(event: str) -> None:
    (line,) = written_by(DECISIONS[event])
    assert re.match(rf"{event} \w+=\S", line)
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize(
    "event", sorted(set(DECISIONS) - {"swept", "publishing_behind", "event_dead"})
)
def test_every_decision_about_a_request_names_its_project_first(event: str) -> None:
    assert re.match(r"\w+ project=7 ", line_of(event))


@pytest.mark.parametrize("request_id", OTHERS, ids=repr)
def test_no_request_id_can_be_taken_for_another_or_for_a_field(request_id: str) -> None:
    lines = written_by(lambda: decisions.created(7, 42, ["first", request_id, "last"]))
    lines += written_by(lambda: decisions.replayed(7, 43, request_id))
    lines += written_by(lambda: decisions.refused(7, "OTHER_CONTENT", request_id))
    assert len(lines) == 3
    assert story(lines, 7, request_id) == [("created", 43), ("replayed", 43), ("refused", None)]
    assert story(lines, 7, "last") == [("created", 44)]
    assert story(lines, 7, "1c9e") == []
    assert story(lines, 8, request_id) == []


@given(st.lists(a_request_id, min_size=1, max_size=20, unique=True))
def test_any_request_ids_are_read_back_as_they_were(request_ids: list[str]) -> None:
    lines = written_by(lambda: decisions.created(7, 1, request_ids))
    for place, request_id in enumerate(request_ids):
        assert story(lines, 7, request_id) == [("created", 1 + place)]


@given(st.text())
def test_a_cause_is_no_field_either(text: str) -> None:
    error = Unknown(f'{text} requests=["1c9e"] requests=[]')
    lines = written_by(lambda: decisions.append_not_confirmed(7, ["a"], error))
    assert story(lines, 7, "a") == [("append_not_confirmed", None)]
    assert story(lines, 7, "1c9e") == []


@pytest.mark.parametrize("request_ids", [["x" * 255] * 300, ["🧊" * 255] * 30, ["x"], []])
def test_a_line_is_never_longer_than_what_is_kept_of_it(request_ids: Sequence[str]) -> None:
    cut = list(pieces(request_ids))
    assert [each for piece in cut for each in piece] == list(request_ids)
    assert all(len(json.dumps(list(each))) < IDS_CHARACTERS_MAX + 400 for each in cut)
    assert all(cut) or not request_ids


def test_what_is_cut_into_lines_keeps_its_ids() -> None:
    request_ids = [f"{n:0255}" for n in range(100)]
    lines = written_by(lambda: decisions.created(7, 1_000, request_ids))
    assert len(lines) > 1
    assert story(lines, 7, request_ids[0]) == [("created", 1_000)]
    assert story(lines, 7, request_ids[99]) == [("created", 1_099)]


def test_what_is_said_is_an_attribute_of_the_record_as_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, decisions.log.name):
        decisions.replayed(7, 42, "a")
    assert vars(caplog.records[0])["fields"] == {"event": "replayed", "project": 7, "id": 42}


def test_a_line_that_nobody_wants_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*_: object) -> str:
        raise AssertionError("it was")

    monkeypatch.setattr("telemetry.lines._json", made)
    monkeypatch.setattr("telemetry.lines.render", made)
    level = decisions.log.level
    decisions.log.setLevel(logging.CRITICAL)
    try:
        for decide in DECISIONS.values():
            decide()
    finally:
        decisions.log.setLevel(level)
