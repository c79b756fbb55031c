"""A union and a maximum: doing it twice, or in another order, gives the same."""

from typing import Any

EMPTY: dict[str, Any] = {"seen": set(), "last": (0, "nowhere")}
"""The row of a parcel before its first scan."""


def merge(row: dict[str, Any], scan: tuple[int, str]) -> dict[str, Any]:
    """Return the row after a scan."""
    number, _place = scan
    return {"seen": row["seen"] | {number}, "last": max(row["last"], scan)}


def report(row: dict[str, Any]) -> tuple[int, str]:
    """Return how many different scans arrived, and the place of the scan with the highest number."""
    return len(row["seen"]), row["last"][1]
