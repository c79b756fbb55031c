"""Patterns that Python and ECMA 262, the dialect of JSON Schema, read alike."""

import re
from typing import Final

ANYWHERE: Final = re.compile(r"\\[sSdDwWbBZA]|(?<!\\)\[\^?\]")
"""Sets that differ, what ECMA has no letter for, and sets that begin with their own end."""

OUTSIDE_SETS: Final = re.compile(r"\(\?(?![:=!<])|(?<!\\)[*+?}]\+|(?<!\\)\{,")
"""Flags, names, comments and atomic groups; possessive repetitions; `{,3}`, to ECMA a text."""

SET: Final = re.compile(r"\[(?:\\.|[^\]\\])*\]")


def differing(pattern: str) -> str | None:
    """Return the first part that the two do not read alike; None when there is none."""
    plain = pattern.replace("\\\\", "")
    found = ANYWHERE.search(plain) or OUTSIDE_SETS.search(SET.sub("-", plain))
    return None if found is None else found[0]
