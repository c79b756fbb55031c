"""Values of exactly one type: what the auditor finds must not be made to fit."""

from typing import Any


def whole(value: Any) -> int:
    """Return an integer that is one, so no boolean. Raises TypeError."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value


def text(value: Any) -> str:
    """Return text that is text. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
