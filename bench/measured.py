"""`python -m bench.measured COMMAND …`: a command of `tools`, and what it took to run it.

From the moment at which all of it is loaded; the last line on standard output is a JSON object.
The exit code is the one of the command.
"""

import asyncio
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from bench.memory import resident_mb

SECONDS_MAX: Final = 1_800.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run took."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    """Of all that was resident, Python and its modules too."""


def run(command: str, *arguments: str) -> tuple[Measured, Sequence[str]]:
    """Run a command in a process of its own; return what it took, and the lines that it printed.

    Raises RuntimeError when it does not end with 0.
    """
    line = [sys.executable, "-m", "bench.measured", command, *arguments]
    ended = subprocess.run(line, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
    if ended.returncode:
        raise RuntimeError(f"{command} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    *printed, last = ended.stdout.splitlines()
    return Measured(**json.loads(last)), printed


def main() -> int:
    """Load the command and run it."""
    module = importlib.import_module(f"tools.{sys.argv[1]}.__main__")
    arguments = module.parse(sys.argv[2:])
    began, cpu = time.perf_counter(), time.process_time()
    code = asyncio.run(module.main(arguments))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps(asdict(Measured(seconds, cpu, resident_mb("self", "VmHWM")))))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
