"""A released version cannot be edited unnoticed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain import Domain
from domain.lock import differences, load, main, read, write
from examples.invoices import INVOICES
from tests.domain.domains import Ask, Reply, parrots, reply

EXAMPLES = [(Ask("a"), Reply(1, "A"))]


def louder(ask: Ask, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, ask.words.upper()), last + 1


def skipping(ask: Ask, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, ask.words * ask.times), last + 1 + (ask.words == "b")


@dataclass(frozen=True, slots=True)
class LongReply:
    id: int
    words: str
    why: str | None = None


def longer(ask: Ask, last: int) -> tuple[LongReply, int]:
    return LongReply(last + 1, ask.words), last + 1


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    write(parrots(), tmp_path / "released.json")
    return tmp_path / "released.json"


def test_locked_domain_is_as_it_was_released(lock: Path) -> None:
    assert list(differences(parrots(), read(lock))) == []


@pytest.mark.parametrize(
    ("edited", "why"),
    [
        (parrots(versions={1: louder}, examples=EXAMPLES), "makes something else of its story"),
        (parrots(versions={1: skipping}), "makes something else of its story"),
        (
            parrots(versions={1: longer}, examples=[(Ask("a"), LongReply(1, "a"))]),
            "the schema of its output differs",
        ),
        (parrots(versions={2: louder}, examples=EXAMPLES), "is gone"),
    ],
)
def test_edited_release_is_told(lock: Path, edited: Domain[Any, Any, Any], why: str) -> None:
    assert why in " ".join(differences(edited, read(lock)))


def test_version_beside_the_released_one_is_asked_to_be_locked(lock: Path) -> None:
    two = parrots(versions={1: reply, 2: louder}, examples=EXAMPLES)
    (missing,) = differences(two, read(lock))
    assert "version 2 is not locked" in missing
    write(two, lock)
    assert list(differences(two, read(lock))) == []


def test_more_examples_leave_the_lock_as_it_is(lock: Path) -> None:
    kept = lock.read_text()
    more = parrots(examples=[(Ask("z"), Reply(1, "z"))])
    assert list(differences(more, read(lock))) == []
    write(more, lock)
    assert lock.read_text() == kept


@pytest.mark.parametrize("package", ["todos", "examples.invoices"])
def test_domains_of_this_repository_are_as_they_were_released(package: str) -> None:
    assert main([package]) == 0


def test_command_names_what_was_edited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domain, path = load("examples.invoices")
    assert domain is INVOICES
    edited = json.loads(path.read_text())
    edited["versions"]["1"]["folded"] = "0" * 64
    (tmp_path / "released.json").write_text(json.dumps(edited))

    def found(_: str) -> tuple[Domain[Any, Any, Any], Path]:
        return domain, tmp_path / "released.json"

    monkeypatch.setattr("domain.lock.load", found)
    assert main(["examples.invoices"]) == 1
    what, ways_out = capsys.readouterr().err.splitlines()
    assert what == "invoice: version 1 was released and makes something else of its story"
    assert "delete examples/invoices/released.json." in ways_out
    assert ways_out.endswith(": .venv/bin/python -m domain.lock --write examples.invoices")


def test_package_without_a_domain_is_told() -> None:
    with pytest.raises(LookupError, match=r"store\.ports must declare one Domain; it has 0"):
        load("store.ports")
