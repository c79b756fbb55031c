"""Why a solution works, and where the real system does the same."""

import tomllib
from dataclasses import dataclass

from workshop.catalogue import FOLDER


@dataclass(frozen=True, slots=True)
class Citation:
    """Two sentences and two addresses, relative to the root of the project."""

    why: str
    where: str
    file: str
    test: str

    def lines(self) -> list[str]:
        """Return what the learner reads after success."""
        return [self.why, self.where, f"    code: {self.file}    test: {self.test}"]


def read_all() -> dict[int, Citation]:
    """Return the citations by the number of their exercise."""
    with (FOLDER / "citations.toml").open("rb") as file:
        return {int(number): Citation(**fields) for number, fields in tomllib.load(file).items()}
