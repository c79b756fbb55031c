r"""What TLC has to find: the first line of each configuration.

`\* Parts: passes with 175280 distinct states.` or `\* Twins: breaks AcceptedIsKept.`
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

FOLDER: Final = Path(__file__).parent

PARTS: Final = ("configs", "limits", "twins")
"""What must pass; where the promise ends; mistakes."""

_LINE: Final = re.compile(
    r"\\\* (?P<module>\w+): (?:passes with (?P<states>\d+) distinct states|breaks (?P<broken>\w+))\."
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A configuration of TLC, and either how many states it has or what is broken in it."""

    config: Path
    module: str
    states: int | None
    """Distinct ones, when all is well."""
    broken: str | None
    """The name of an invariant or property."""

    @property
    def part(self) -> str:
        """The folder that it is in."""
        return self.config.parent.name

    @property
    def praise(self) -> str:
        """What is said when TLC finds just this."""
        if self.states is not None:
            return f"every promise kept, in {self.states:,} states"
        return (
            f"noticed by {self.broken}" if self.part == "twins" else f"known limit of {self.broken}"
        )

    @property
    def name(self) -> str:
        """What the configuration is called on the command line."""
        return self.config.stem

    @classmethod
    def read(cls, config: Path) -> Self:
        """Read the first line. Raises ValueError when it is not one of the two."""
        first = config.read_text().partition("\n")[0]
        found = _LINE.fullmatch(first)
        if found is None:
            raise ValueError(f"{config.name} does not begin with what to expect: {first!r}")
        states = found["states"]
        return cls(config, found["module"], int(states) if states else None, found["broken"])

    def __str__(self) -> str:
        """Say what is expected."""
        if self.broken:
            return f"expected {self.broken} to be broken"
        return f"expected {self.states:,} states and no promise broken"


def all_expectations() -> list[Expectation]:
    """Return them part by part, by name."""
    paths = [path for part in PARTS for path in sorted(FOLDER.glob(f"{part}/*.cfg"))]
    return [Expectation.read(path) for path in paths]
