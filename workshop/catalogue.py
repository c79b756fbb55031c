"""The exercises: where their files are, and what their README says."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent

NUMBERS: Final = range(1, 16)


@dataclass(frozen=True)
class Exercise:
    """One folder."""

    number: int
    folder: Path

    @property
    def start(self) -> Path:
        """The file that a learner begins with."""
        return self._file("start")

    @property
    def solution(self) -> Path:
        """One file that passes."""
        return self._file("solution")

    @cached_property
    def readme(self) -> str:
        """What the learner reads."""
        return (self.folder / "README.md").read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        """The first line, without its number."""
        return self.readme.partition("\n")[0].partition(". ")[2]

    def section(self, name: str) -> str:
        """Return the text below a heading of the README; empty when there is no such heading."""
        return section_of(self.readme, name)

    @property
    def hints(self) -> list[str]:
        """The hints that the README folds away, in their order."""
        folded = re.findall(
            r"<details>\s*<summary>.*?</summary>(.*?)</details>", self.section("Hints"), re.DOTALL
        )
        return [each.strip() for each in folded]

    @property
    def attempts(self) -> dict[str, str]:
        """The wrong attempts of the trainer's page: code by title."""
        return self._code_below("What people try")

    @property
    def others(self) -> dict[str, str]:
        """What the trainer's page has beside the solution: code by title."""
        return self._code_below("What passes as well")

    def _code_below(self, heading: str) -> dict[str, str]:
        page = (self.folder / "trainer.md").read_text(encoding="utf-8")
        section = section_of(page, heading)
        code = r"^### (.+?)\n(?:(?!^### ).)*?^```(?:python|tla)\n(.*?)^```"
        return dict(re.findall(code, section, re.MULTILINE | re.DOTALL))

    def attempt(self, code: str) -> str:
        """Return the starting file with code of the trainer's page in it.

        Python takes the last definition of a name. In TLA+ a definition replaces that of its name.
        """
        start = self.start.read_text(encoding="utf-8")
        if self.start.suffix == ".py":
            return f"{start}\n\n{code}"
        for definition in re.split(r"\n(?=\w+(?:\(\w+\))? ==)", code.strip()):
            name = definition.partition(" ==")[0]
            block = rf"^{re.escape(name)} ==.*?(?=^\w+(?:\(\w+\))? ==|^\n|^\\\*|^====)"
            old = re.search(block, start, re.MULTILINE | re.DOTALL)
            assert old, f"{name} is not in the starting file"
            start = start.replace(old[0], f"{definition}\n")
        return start

    def _file(self, stem: str) -> Path:
        python = self.folder / f"{stem}.py"
        return python if python.exists() else self.folder / f"{stem}.tla"


def section_of(page: str, heading: str) -> str:
    """Return the text below a heading, up to the next one; empty when there is no such heading."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def find(number: int) -> Exercise:
    """Return an exercise. Raises LookupError when there is none of that number."""
    for folder in sorted(FOLDER.glob(f"e{number:02}_*")):
        return Exercise(number, folder)
    raise LookupError(f"there are exercises {NUMBERS[0]} to {NUMBERS[-1]}, and the final")


def every() -> list[Exercise]:
    """Return all exercises in their order."""
    return [find(number) for number in NUMBERS]
