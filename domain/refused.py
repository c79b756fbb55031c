"""An output that says no. It has its place in the log like any other output."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """The domain function's answer to a request that is valid and not granted."""

    code: str
    """For programs: lower-case words joined by `-`, at most 50 characters; `credit-limit`."""
    detail: str
    """For people: 1 to 500 characters."""
