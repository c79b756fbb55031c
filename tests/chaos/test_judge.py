"""The judge of histories is no rubber stamp: whatever is wrong with one is found."""

import re
from pathlib import Path

import pytest

from tests.chaos import judge
from tests.chaos.history import History

KEY = "7"


def judged(history: History, path: Path) -> list[str]:
    history.write(path / "history", str)
    return judge.problems(judge.read(path / "history.jsonl"))


def append(history: History, request_id: str, place: int) -> None:
    process = history.process()
    process.invoke("append", KEY, request_id)
    process.append_ok(place)


def read(history: History, *request_ids: str) -> None:
    process = history.process()
    process.invoke("r", KEY, None)
    process.read_ok(request_ids)


@pytest.fixture
def history() -> History:
    """Two appends one after the other, and one whose end nobody knows."""
    made = History()
    append(made, "a", 1)
    append(made, "b", 2)
    unknown = made.process()
    unknown.invoke("append", KEY, "maybe")
    unknown.info()
    return made


@pytest.mark.parametrize("seen", [["a", "b"], ["a", "b", "maybe"]])
def test_history_of_a_log_is_accepted(history: History, seen: list[str], tmp_path: Path) -> None:
    read(history, *seen)
    assert judged(history, tmp_path) == []


def test_operations_at_once_may_take_effect_in_any_order(tmp_path: Path) -> None:
    history = History()
    one, other, reader = history.process(), history.process(), history.process()
    one.invoke("append", KEY, "a")
    reader.invoke("r", KEY, None)
    other.invoke("append", KEY, "b")
    other.append_ok(1)
    one.append_ok(2)
    reader.read_ok([])
    read(history, "b", "a")
    assert judged(history, tmp_path) == []


WRONG = {
    "lost write": (["a"], "b is lost"),
    "double": (["a", "b", "a"], "a request twice"),
    "reorder": (["b", "a"], "told place"),
    "never asked for": (["a", "b", "c"], "nobody asked for"),
}


@pytest.mark.parametrize("what", WRONG)
def test_read_that_no_log_explains_is_found(history: History, what: str, tmp_path: Path) -> None:
    seen, message = WRONG[what]
    read(history, *seen)
    assert re.search(message, "\n".join(judged(history, tmp_path)))


def test_stale_read_is_found(history: History, tmp_path: Path) -> None:
    read(history, "a", "b")
    read(history, "a")
    assert judged(history, tmp_path) == ["7: a read of 1 began after 2 entries were known"]


def test_reads_that_disagree_are_found(history: History, tmp_path: Path) -> None:
    read(history, "a", "b", "maybe")
    read(history, "a", "maybe", "b")
    assert "7: two reads are not prefixes of one list" in judged(history, tmp_path)


def test_place_that_two_were_told_is_found(history: History, tmp_path: Path) -> None:
    append(history, "c", 2)
    read(history, "a", "b")
    assert "7: place 2 was told to b and c" in judged(history, tmp_path)


def test_append_before_what_was_known_is_found(tmp_path: Path) -> None:
    history = History()
    append(history, "late", 2)
    append(history, "early", 1)
    read(history, "early", "late")
    assert judged(history, tmp_path) == ["7: early of 1 began after 2 entries were known"]


def test_failed_append_that_is_there_is_found(tmp_path: Path) -> None:
    history = History()
    process = history.process()
    process.invoke("append", KEY, "a")
    process.fail()
    read(history, "a")
    assert "nobody asked for or which failed" in "\n".join(judged(history, tmp_path))


def test_edn_says_what_the_lines_of_json_say(history: History, tmp_path: Path) -> None:
    read(history, "a", 'quote"')
    history.write(tmp_path / "history", str)
    lines = (tmp_path / "history.edn").read_text().splitlines()
    first, second, *_, last = [re.sub(r":time \d+", ":time 0", each) for each in lines]
    assert first == (
        '{:index 0, :type :invoke, :process 0, :time 0, :f :append, :value [[:append "7" "a"]]}'
    )
    assert second == (
        "{:index 1, :type :ok, :process 0, :time 0, :f :append,"
        ' :value [[:append "7" "a"]], :place 1}'
    )
    assert last.endswith(':f :read, :value [[:r "7" ["a" "quote\\""]]]}')
    assert len(lines) == len((tmp_path / "history.jsonl").read_text().splitlines())
