"""The recorded corpus: sets of cases, each with a number, and the app that answers them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

RECORDED: Final = Path(__file__).parent / "recorded"
INDEPENDENT: Final = frozenset({"http/echo", "http/routes", "http/returns", "http/precedence"})
"""Sets whose cases leave nothing behind; those of the others build on the ones before them."""

Kind = Literal["http", "durable"]


@dataclass(frozen=True, slots=True)
class Case:
    """A request (or steps), and the answer of the real host unless it only prepares others."""

    id: str
    """Set and place in it, from 1: `http-echo-0007`. It never changes."""
    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the case is about."""
        return str(self.content["name"])

    @property
    def is_compared(self) -> bool:
        """False when it only prepares the cases after it."""
        return "answer" in self.content

    @property
    def masks(self) -> list[str]:
        """Fields that say nothing about the host's behaviour."""
        return list(self.content.get("masked", []))


@dataclass(frozen=True)
class CaseSet:
    """Cases that are sent to one host, in their order."""

    kind: Kind
    name: str
    entry: Mapping[str, Any]

    @property
    def path(self) -> str:
        """`http/echo`."""
        return f"{self.kind}/{self.name}"

    @property
    def what(self) -> str:
        """What the set covers."""
        return str(self.entry["what"])

    @property
    def app(self) -> Path:
        """The folder of the app that must run."""
        return RECORDED / self.kind / str(self.entry["app"])

    @property
    def environ(self) -> Mapping[str, str]:
        """App settings that the host needs."""
        return dict(self.entry.get("env", {}))

    @property
    def asks_for_keys(self) -> bool:
        """Whether the real host asked for keys."""
        return bool(self.entry.get("auth"))

    @property
    def compares_json(self) -> bool:
        """Whether the order of members and the spacing of JSON bodies count for nothing."""
        return bool(self.entry.get("json"))

    @property
    def is_independent(self) -> bool:
        """Whether each case can be sent without those before it."""
        return self.path in INDEPENDENT

    @cached_property
    def cases(self) -> list[Case]:
        """All cases, in their order."""
        file = RECORDED / self.kind / str(self.entry["cases"])
        contents = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
        return [
            Case(f"{self.kind}-{self.name}-{number:04}", content)
            for number, content in enumerate(contents, start=1)
        ]


def case_sets() -> list[CaseSet]:
    """Return all sets."""
    kinds: tuple[Kind, ...] = ("http", "durable")
    return [CaseSet(kind, name, entry) for kind in kinds for name, entry in _entries(kind)]


def _entries(kind: Kind) -> list[tuple[str, Any]]:
    return list(json.loads((RECORDED / kind / "sets.json").read_text("utf-8")).items())
