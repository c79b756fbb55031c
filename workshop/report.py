"""What a learner reads in the terminal."""

import textwrap
from pathlib import Path
from typing import Final

from workshop.answers import Answers
from workshop.catalogue import FOLDER, Exercise, every
from workshop.citations import read_all
from workshop.simulator.diagram import draw
from workshop.verdict import Verdict, examine

WIDTH: Final = 96


def check_answer(exercise: Exercise, answers: Answers) -> tuple[bool, str]:
    """Check the learner's file, note its success or draw its failure; return both as text."""
    file = answers.file(exercise)
    verdict = examine(exercise, file)
    diagram = answers.diagram(exercise)
    if verdict.passed:
        answers.solve(exercise)
        diagram.unlink(missing_ok=True)
        return True, "\n".join(success(exercise, verdict))
    lines = [clipped(line) for line in verdict.lines()]
    if verdict.history:
        title = f"{exercise.number}. {exercise.title}"
        diagram.write_text(draw(verdict.history, title, verdict.broken), encoding="utf-8")
        lines.append(f"diagram: {shown(diagram)}")
    return False, "\n".join(lines)


def check_solution(exercise: Exercise) -> tuple[bool, str]:
    """Check the solution of an exercise."""
    verdict = examine(exercise, exercise.solution)
    return verdict.passed, "\n".join(
        success(exercise, verdict) if verdict.passed else verdict.lines()
    )


def success(exercise: Exercise, verdict: Verdict) -> list[str]:
    """Say what was looked at, why it works and where the real system does it."""
    citation = read_all()[exercise.number].lines()
    return [f"PASSED. {verdict.looked}", *(part for line in citation for part in wrapped(line))]


def introduction(exercise: Exercise, file: Path) -> str:
    """Return the story and the question."""
    title = f"{exercise.number}. {exercise.title}"
    where = f"Your file: {shown(file)}    More: {shown(exercise.folder / 'README.md')}"
    parts = [
        title,
        "=" * len(title),
        exercise.section("Story"),
        "",
        exercise.section("Task"),
        "",
        where,
    ]
    return "\n".join(parts)


def table_of_contents(answers: Answers) -> str:
    """Return a line for each exercise, marked when it has passed."""
    solved = answers.solved()
    lines = [f" {'x' if e.number in solved else '.'} {e.number:2}  {e.title}" for e in every()]
    return "\n".join([*lines, "   16  The final: break the real system (make exercise N=final)"])


def progress(answers: Answers) -> str:
    """Return a bar."""
    solved, total = len(answers.solved()), len(every())
    return f"[{'#' * solved}{'-' * (total - solved)}] {solved}/{total}"


def shown(path: Path) -> str:
    """Return a path as seen from the root of the project, if it is below it."""
    root = FOLDER.parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def wrapped(line: str) -> list[str]:
    """Break a line for the terminal; one that begins with blanks stays whole."""
    return [line] if line.startswith(" ") else textwrap.wrap(line, WIDTH)


def clipped(line: str) -> str:
    """Keep a line of a history on one line of the terminal, within reason; the diagram has it all."""
    longest = 2 * WIDTH
    return line if len(line) <= longest else f"{line[: longest - 4]} ..."
