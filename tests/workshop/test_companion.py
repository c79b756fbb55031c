"""The companion in a terminal of its own: keys, saving, progress."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop.answers import Answers
from workshop.catalogue import FOLDER, find
from workshop.companion import Companion

SECONDS_MAX = 60


class Terminal:
    """A companion, as seen by who sits in front of it."""

    def __init__(self, answers: Path) -> None:
        self._master, slave = pty.openpty()
        program = (
            "from pathlib import Path; import sys; from workshop.answers import Answers; "
            "from workshop.companion import Companion; Companion(Answers(Path(sys.argv[1]))).run()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(answers)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=FOLDER.parent,
        )
        os.close(slave)
        self._seen = ""

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    def expect(self, text: str) -> str:
        """Wait for a text; return what came up to it, and forget that."""
        deadline = time.monotonic() + SECONDS_MAX
        while text not in self._seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self._seen!r}"
            if select.select([self._master], [], [], 0.2)[0]:
                self._seen += os.read(self._master, 65_536).decode()
        before, _, self._seen = self._seen.partition(text)
        return before

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_saved_solution_passes_and_next_opens(terminal: Terminal, tmp_path: Path) -> None:
    terminal.expect("BROKEN: Ann has paid")
    terminal.expect("0/15")
    solution = find(1).solution.read_text(encoding="utf-8")
    (tmp_path / "01_one_transaction.py").write_text(solution, encoding="utf-8")
    terminal.expect("PASSED")
    terminal.expect("1/15")
    terminal.expect("Press n")
    terminal.press("n")
    terminal.expect("2. What a time-out means")
    assert Answers(tmp_path).solved() == {1}
    terminal.press("q")
    assert terminal.process.wait(SECONDS_MAX) == 0


def test_control_c_ends_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_companion: Companion) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(Companion, "_wait", interrupted)
    Companion(Answers(tmp_path)).run()


def test_hints_come_one_after_the_other(terminal: Terminal) -> None:
    terminal.expect("q quit")
    for n in (1, 2, 3, 3):
        terminal.press("h")
        terminal.expect(f"Hint {n} of 3: ")


def test_reset_keeps_what_was_there(terminal: Terminal, tmp_path: Path) -> None:
    terminal.expect("q quit")
    mine = tmp_path / "01_one_transaction.py"
    mine.write_text("mine = True\n", encoding="utf-8")
    terminal.expect("your file has no 'place_order'")
    terminal.press("r")
    terminal.expect("Begun again")
    terminal.expect("BROKEN: Ann has paid")
    assert mine.read_text(encoding="utf-8") == find(1).start.read_text(encoding="utf-8")
    kept = (tmp_path / "01_one_transaction.py.before").read_text(encoding="utf-8")
    assert kept == "mine = True\n"


def test_list_shows_what_has_passed(terminal: Terminal, tmp_path: Path) -> None:
    Answers(tmp_path).solve(find(4))
    terminal.expect("q quit")
    terminal.press("l")
    lines = terminal.expect("The final")
    assert " x  4  Losing messages" in lines
    assert " .  5  Doing it twice" in lines


def test_previous_of_the_first_stays(terminal: Terminal) -> None:
    terminal.expect("q quit")
    terminal.press("p")
    terminal.press("h")
    terminal.expect("Hint 1 of 3: ")
