"""What has happened, in lines that a person can follow."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["effect", "lost", "crash"]

LINES_MAX: Final = 12
"""A person follows a dozen."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step: who did what to whom."""

    who: str
    text: str
    target: str
    kind: Kind

    def __str__(self) -> str:
        """Say it as the learner reads it."""
        return f"{self.who}: {self.text}"


class History(list[Line]):
    """The steps in their order."""

    def add(self, who: str, text: str, target: str = "", kind: Kind = "effect") -> None:
        """Append a step."""
        self.append(Line(who, text, target, kind))

    def shown(self) -> list[str]:
        """Return at most `LINES_MAX` lines; what is left out is in the middle, and said."""
        width = max((len(each.who) for each in self), default=0)
        lines = [f"{n:3} {each.who:{width}}  {each.text}" for n, each in enumerate(self, 1)]
        if len(lines) <= LINES_MAX:
            return lines
        head = LINES_MAX // 2
        tail = LINES_MAX - head - 1
        missing = f"    ... {len(lines) - head - tail} more, all in the diagram ..."
        return [*lines[:head], missing, *lines[-tail:]]
