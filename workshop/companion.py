"""`make workshop`: checks the learner's file whenever it is saved, and listens for keys."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from workshop.answers import Answers
from workshop.catalogue import NUMBERS, Exercise, find
from workshop.report import check_answer, introduction, progress, table_of_contents

KEYS: Final = "h hint   n next   p previous   l list   r reset   c check again   q quit"

LOOK_SECONDS: Final = 0.3
"""Between two looks at the file."""


class Companion:
    """One session. Writes to stdout and takes keys from stdin."""

    def __init__(self, answers: Answers) -> None:
        """Begin at the first exercise that has not passed."""
        self._answers = answers
        self._exercise = find(answers.next_number())
        self._hints_shown = 0
        self._saved = 0

    def run(self) -> None:
        """Go on until q, Ctrl-C, or the end of stdin."""
        with single_keys(), suppress(KeyboardInterrupt):
            self._open(self._exercise)
            while True:
                key = self._wait()
                if key == "q":
                    return
                self._act(key)

    def _wait(self) -> str:
        """Return the next key; "c" when the file was saved; "q" at the end of stdin."""
        while True:
            ready, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
            if ready:
                return os.read(sys.stdin.fileno(), 1).decode(errors="replace") or "q"
            if self._time_of_save() != self._saved:
                return "c"

    def _act(self, key: str) -> None:
        number = self._exercise.number
        if key == "c":
            self._check()
        elif key == "h":
            self._hint()
        elif key == "l":
            say(table_of_contents(self._answers))
        elif key == "n" and number < NUMBERS[-1]:
            self._open(find(number + 1))
        elif key == "p" and number > NUMBERS[0]:
            self._open(find(number - 1))
        elif key == "r":
            kept = self._answers.reset(self._exercise).name
            say(f"Begun again; what you had is in {kept}.before")
            self._check()

    def _open(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self._hints_shown = 0
        say(f"\n{introduction(exercise, self._answers.file(exercise))}\n")
        self._check()

    def _check(self) -> None:
        self._saved = self._time_of_save()
        passed, text = check_answer(self._exercise, self._answers)
        say(f"\n{text}\n\n{progress(self._answers)}   {KEYS}")
        if passed and self._exercise.number == NUMBERS[-1]:
            say("That was the last one. The final: make exercise N=final")
        elif passed:
            say("Press n for the next one.")

    def _hint(self) -> None:
        hints = self._exercise.hints
        self._hints_shown = min(self._hints_shown + 1, len(hints))
        say(f"\nHint {self._hints_shown} of {len(hints)}: {hints[self._hints_shown - 1]}")

    def _time_of_save(self) -> int:
        try:
            return self._answers.file(self._exercise).stat().st_mtime_ns
        except OSError:
            return self._saved  # an editor is just replacing it


@contextmanager
def single_keys() -> Iterator[None]:
    """Get keys without Enter, if stdin is a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)
