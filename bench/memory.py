"""Memory of a process, as Linux tells it."""

from pathlib import Path
from typing import Literal

Kind = Literal["VmHWM", "VmRSS"]
"""The most that was ever resident, and what is now (proc(5), `/proc/pid/status`)."""


def resident_mb(pid: int | Literal["self"], kind: Kind) -> float:
    """Return it in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith(kind))
    return int(line.split()[1]) / 1024
