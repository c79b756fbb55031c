"""Where is my parcel? Scans arrive from a queue: in any order, and some of them twice.

A scan is (number, place): the depots number the scans of a parcel 1, 2, 3 ... as they happen.
"""

from typing import Any

EMPTY: dict[str, Any] = {"scans": 0, "place": "nowhere"}
"""The row of a parcel before its first scan."""


def merge(row: dict[str, Any], scan: tuple[int, str]) -> dict[str, Any]:
    """Return the row after a scan."""
    _number, place = scan
    return {"scans": row["scans"] + 1, "place": place}


def report(row: dict[str, Any]) -> tuple[int, str]:
    """Return how many different scans arrived, and the place of the scan with the highest number."""
    return row["scans"], row["place"]
