"""The recorded corpus: sets of cases, each with a number, and the app that answers them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

RECORDED: Final = Path(__file__).parent / "recorded"
DIFFERENCES: Final = Path(__file__).parent / "differences.json"
INDEPENDENT: Final = frozenset({"http/echo", "http/routes", "http/returns", "http/precedence"})
"""Sets whose cases leave nothing behind; those of the others build on the ones before them."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request (or steps), and the answer of the real host unless it only prepares others."""

    id: str
    """Set and place in it, from 1: `http-echo-0007`. It never changes."""
    content: Mapping[str, Any]

    @property
    def is_compared(self) -> bool:
        """False when it only prepares the cases after it."""
        return "answer" in self.content


@dataclass(frozen=True, kw_only=True)
class CaseSet:
    """Cases that are sent to one host, in their order."""

    path: str
    """`http/echo` or `durable/client`."""
    what: str
    """What the set covers."""
    app: Path
    """The folder of the app that must run."""
    file: Path
    environ: Mapping[str, str]
    asks_for_keys: bool
    compares_json: bool
    """Whether the order of members and the spacing of JSON bodies count for nothing."""

    @cached_property
    def cases(self) -> list[Case]:
        """All cases, in their order."""
        contents = read_lines(self.file)
        name = self.path.replace("/", "-")
        return [Case(f"{name}-{number:04}", content) for number, content in enumerate(contents, 1)]


@dataclass(frozen=True, slots=True)
class Difference:
    """Why this host answers a case otherwise."""

    reason: str
    either: bool
    """Whether it may also be equal: how fast the host is, or the release of Python, decides."""


def case_sets() -> list[CaseSet]:
    """Return all sets."""
    sets = []
    for kind in ("http", "durable"):
        folder = RECORDED / kind
        for name, entry in json.loads((folder / "sets.json").read_text("utf-8")).items():
            found = CaseSet(
                path=f"{kind}/{name}",
                what=entry["what"],
                app=folder / entry["app"],
                file=folder / entry["cases"],
                environ=entry.get("env", {}),
                asks_for_keys=entry.get("auth", False),
                compares_json=entry.get("json", False),
            )
            sets.append(found)
    return sets


def read_differences() -> Mapping[str, Difference]:
    """Return the known differences by the ids of their cases."""
    return {
        case: Difference(kind["reason"], kind.get("either", False))
        for kind in json.loads(DIFFERENCES.read_text("utf-8"))
        for case in kind["cases"]
    }


def read_lines(file: Path) -> list[Any]:
    """Return what a file of JSON lines holds."""
    return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
