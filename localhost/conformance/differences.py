"""What this host is known to answer otherwise: cases and the kind of difference, with its reason."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "differences.json"


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a case differs."""

    reason: str
    either: bool
    """Whether it may also be equal: how fast the host is, or the release of Python, decides."""


def read_differences() -> Mapping[str, Difference]:
    """Return the known differences by the ids of their cases."""
    return {
        case: Difference(kind["reason"], kind.get("either", False))
        for kind in json.loads(FILE.read_text("utf-8"))
        for case in kind["cases"]
    }
