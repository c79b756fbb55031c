"""What this host is known to answer otherwise: cases and the kind of difference, with its reason."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "differences.json"


def read_differences() -> Mapping[str, str]:
    """Return the reason of each known difference by the id of its case."""
    kinds = json.loads(FILE.read_text("utf-8"))
    return {case: kind["reason"] for kind in kinds for case in kind["cases"]}
