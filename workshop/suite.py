"""`make workshop-check`: starting files and wrong attempts fail with a history, answers pass."""

import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from xml.etree import ElementTree as ET

from tools import stopping
from tools.terminal import Progress, say
from workshop.catalogue import every, find
from workshop.final import complaints as complaints_of_final
from workshop.linter import complaints
from workshop.report import clipped
from workshop.simulator.diagram import draw
from workshop.simulator.history import LINES_MAX
from workshop.verdict import Verdict, examine

GROWING: Final = ("come to rest", "TooLarge")
"""What takes a long history to happen: a loop without an end, a row that is full at last."""

Kind = Literal["start", "solution", "attempt", "other"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One file that a check is tried on."""

    number: int
    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        """Name it as the report does."""
        return f"{self.number:2} {self.kind} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    trial: Trial
    complaint: str | None
    seconds: float
    said: str


def run(only: int | None = None) -> int:
    """Print a line for each trial and return the exit status."""
    began = time.monotonic()
    exercises = [each for each in every() if only in {None, each.number}]
    wrong = [complaint for each in exercises for complaint in complaints(each)]
    wrong += complaints_of_final() if only is None else []
    trials: list[Trial] = []
    if not wrong:
        for each in exercises:
            trials += [Trial(each.number, "solution"), Trial(each.number, "start")]
            trials += [Trial(each.number, "attempt", name) for name in each.attempts]
            trials += [Trial(each.number, "other", name) for name in each.others]
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        os.cpu_count() or 2, mp_context=spawn, initializer=stopping.leave_to_parent
    )
    with Progress("trials", len(trials)) as progress, pool:
        for outcome in pool.map(attempt, trials):
            progress.add(1)
            say(f"{outcome.seconds:5.1f} s  {outcome.trial}  {outcome.said}")
            if outcome.complaint:
                wrong.append(f"{outcome.trial}: {outcome.complaint}")
    for line in wrong:
        print(line, file=sys.stderr)
    took = time.monotonic() - began
    verdict = "Something is wrong" if wrong else "Solutions pass and wrong attempts fail"
    print(f"{verdict}: {len(trials)} trials in {took:.0f} s, {len(wrong)} complaints.")
    return 1 if wrong else 0


def attempt(trial: Trial) -> Outcome:
    """Run a check on a file, and say whether it did what it should."""
    began = time.monotonic()
    exercise = find(trial.number)
    with tempfile.TemporaryDirectory(prefix="workshop-") as scratch:
        file = exercise.start if trial.kind == "start" else exercise.solution
        if trial.kind in {"attempt", "other"}:
            file = Path(scratch) / f"attempt{exercise.start.suffix}"
            code = (exercise.attempts | exercise.others)[trial.name]
            file.write_text(exercise.attempt(code), encoding="utf-8")
        verdict = examine(exercise, file)
    seconds = time.monotonic() - began
    said = clipped(verdict.looked if verdict.passed else verdict.broken)
    return Outcome(trial, complaint(trial.kind, verdict), seconds, said)


def complaint(kind: Kind, verdict: Verdict) -> str | None:
    """Say what is wrong with a verdict, or None."""
    if kind in {"solution", "other"}:
        return None if verdict.passed else f"does not pass: {verdict.broken}"
    return "passes" if verdict.passed else complaint_of_failure(verdict)


def complaint_of_failure(verdict: Verdict) -> str | None:
    """Say what is wrong with the way in which a failure is shown, or None."""
    history = verdict.history
    if not history:
        return f"fails without a history: {verdict.broken}"
    if len(history.shown()) > LINES_MAX:
        return "its history is shown in too many lines"
    if len(history) > LINES_MAX and not any(each in verdict.broken for each in GROWING):
        return f"its shortest history has {len(history)} lines"
    drawn = ET.fromstring(draw(history, "title", verdict.broken))  # noqa: S314 - our own
    return None if drawn.tag.endswith("svg") else "has no diagram"
