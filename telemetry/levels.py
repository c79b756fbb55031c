"""From which level on decisions are written: `logging.logLevel` of host.json decides.

The host would only drop the lines after they were made and sent to it; decided here, a line that
nobody wants costs nothing.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CATEGORIES: Final = ("Function", "default")
"""Of `logging.logLevel`, the closer one first. The host files what functions log under
`Function.<name>.User`."""

OVERRIDE: Final = "AzureFunctionsJobHost__logging__logLevel__"
"""App settings with this beginning come before host.json, here as in the host."""

LEVELS: Final[Mapping[str, int]] = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
"""Names of .NET."""


def level_of(host_json: Path, environ: Mapping[str, str]) -> int:
    """Return the level. Raises ValueError for one that has no such name."""
    content = json.loads(host_json.read_text(encoding="utf-8"))
    written = content.get("logging", {}).get("logLevel", {})
    settings = {name.lower(): text for name, text in environ.items()}  # as .NET reads them
    for category in CATEGORIES:
        name = settings.get(f"{OVERRIDE}{category}".lower()) or written.get(category)
        if name:
            return _level(category, name)
    return logging.INFO


def _level(category: str, name: str) -> int:
    try:
        return LEVELS[name.lower()]
    except KeyError:
        names = ", ".join(each.capitalize() for each in LEVELS)
        raise ValueError(f"logLevel {category} is {name!r}; it is one of {names}") from None
