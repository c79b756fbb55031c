"""The learner's own files, and how far the learner has come. Git ignores this folder."""

import json
import shutil
from pathlib import Path
from typing import Final

from workshop.catalogue import FOLDER, NUMBERS, Exercise

DEFAULT: Final = FOLDER / "answers"


class Answers:
    """A folder with a copy of the starting file for each exercise that was begun."""

    def __init__(self, folder: Path = DEFAULT) -> None:
        """Make the folder when it is not there."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")

    def file(self, exercise: Exercise) -> Path:
        """Return the learner's file; a copy of the starting file when there was none."""
        name = exercise.folder.name.removeprefix("e")
        path = self.folder / f"{name}{exercise.start.suffix}"
        if not path.exists():
            shutil.copyfile(exercise.start, path)
        return path

    def reset(self, exercise: Exercise) -> Path:
        """Begin again; what was written stays beside it, with the suffix .before."""
        path = self.file(exercise)
        path.replace(path.with_name(f"{path.name}.before"))
        return self.file(exercise)

    def diagram(self, exercise: Exercise) -> Path:
        """Return where the diagram of the last failure belongs."""
        return self.folder / f"{exercise.number:02}.svg"

    def solved(self) -> set[int]:
        """Return the numbers of the exercises that have passed."""
        path = self._progress()
        if not path.exists():
            return set()
        try:
            return set(json.loads(path.read_text(encoding="utf-8"))) & set(NUMBERS)
        except (ValueError, TypeError):
            return set()  # somebody has edited it

    def solve(self, exercise: Exercise) -> None:
        """Note that an exercise has passed."""
        solved = sorted(self.solved() | {exercise.number})
        self._progress().write_text(f"{json.dumps(solved)}\n", encoding="utf-8")

    def next_number(self) -> int:
        """Return the first exercise that has not passed; the last one when all have."""
        solved = self.solved()
        return next((each for each in NUMBERS if each not in solved), NUMBERS[-1])

    def _progress(self) -> Path:
        return self.folder / "progress.json"
