"""What every exercise must be, besides its code failing and passing."""

import ast
import re
from typing import Final

from workshop.catalogue import Exercise
from workshop.citations import read_all

START_LINES_MAX: Final = 80
README_WORDS: Final = range(150, 1_001)
"""Five minutes at 200 words a minute are the most."""

HINTS_MIN: Final = 2
ATTEMPTS_MIN: Final = 3

SECTIONS: Final = ("Idea", "Story", "Task", "Hints", "Read on")
TRAINER: Final = ("What people try", "Ask the room")

PLACEHOLDERS: Final = re.compile(r"\b(foo|bar|baz|qux)\b")


def complaints(exercise: Exercise) -> list[str]:
    """Return what is wrong with an exercise; nothing when it is as it should be."""
    found = [*_files(exercise)]
    if not found:
        found = [*_start(exercise), *_readme(exercise), *_trainer(exercise), *_citation(exercise)]
    return [f"{exercise.folder.name}: {each}" for each in found]


def _files(exercise: Exercise) -> list[str]:
    needed = [exercise.start, exercise.solution]
    needed += [exercise.folder / name for name in ("README.md", "trainer.md", "check.py")]
    return [f"{path.name} is missing" for path in needed if not path.is_file()]


def _start(exercise: Exercise) -> list[str]:
    text = exercise.start.read_text(encoding="utf-8")
    found = []
    if (lines := len(text.splitlines())) > START_LINES_MAX:
        found.append(f"the starting file has {lines} lines, {START_LINES_MAX} are the most")
    if PLACEHOLDERS.search(text):
        found.append("the starting file speaks of foo and bar")
    if exercise.start.suffix == ".py":
        both = (exercise.start, exercise.solution)
        offered, solved = (_functions(path.read_text(encoding="utf-8")) for path in both)
        for name, arguments in offered.items():
            if name in solved and solved[name] != arguments and name != "add":
                found.append(f"the solution takes other arguments than the start: {name}")
    return found


def _functions(text: str) -> dict[str, list[str]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (node for node in ast.parse(text).body if isinstance(node, kinds))
    return {node.name: [each.arg for each in node.args.args] for node in found}


def _readme(exercise: Exercise) -> list[str]:
    text = exercise.readme
    found = [
        f"the README has no section '{each}'" for each in SECTIONS if not exercise.section(each)
    ]
    if not text.startswith(f"# {exercise.number}. "):
        found.append(f"the README does not begin with '# {exercise.number}. '")
    if (words := len(text.split())) not in README_WORDS:
        found.append(f"the README has {words} words, not {README_WORDS[0]} to {README_WORDS[-1]}")
    if len(exercise.hints) < HINTS_MIN:
        found.append(f"fewer than {HINTS_MIN} hints are folded away")
    if any(not hint for hint in exercise.hints):
        found.append("a hint is empty")
    if PLACEHOLDERS.search(text):
        found.append("the README speaks of foo and bar")
    if "](http" not in exercise.section("Read on"):
        found.append("'Read on' links to nothing")
    return found


def _trainer(exercise: Exercise) -> list[str]:
    page = (exercise.folder / "trainer.md").read_text(encoding="utf-8")
    found = [f"the trainer's page lacks '{each}'" for each in TRAINER if f"## {each}\n" not in page]
    attempts, titles = exercise.attempts, re.findall(r"^### (.+)$", page, re.MULTILINE)
    coded = attempts | exercise.others
    if len(attempts) < ATTEMPTS_MIN:
        found.append(f"the trainer's page has fewer than {ATTEMPTS_MIN} attempts")
    return found + [f"the attempt '{each}' has no code" for each in titles if each not in coded]


def _citation(exercise: Exercise) -> list[str]:
    citation = read_all().get(exercise.number)
    if citation is None:
        return ["citations.toml does not know it"]
    sentences = (citation.why, citation.where)
    return [f"no sentence: {each}" for each in sentences if not each.endswith(".")]
