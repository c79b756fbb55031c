"""What `make bench` is told."""

from dataclasses import dataclass
from pathlib import Path

from domain.domain import AnyDomain
from tools.terminal import Progress


@dataclass(frozen=True, slots=True)
class Options:
    """Of one run."""

    domain: AnyDomain
    module: str | None
    """That declares the domain; None for the app's own."""
    seed: int
    only: str
    """Rows whose name contains this."""
    size: int
    """Entries of the largest log, for growth; rounds, for ablation; 0 for what the command is for."""
    before: Path | None
    """A tree of another release, with its virtual environment, to be measured beside."""
    plots: Path | None
    """Where to draw."""
    apart: bool
    """Neighbours: whether the neighbour asks a host of its own, on the same machine."""
    profile: str
    """Of `localhost`: its times and placement."""
    progress: Progress

    def wants(self, name: str) -> bool:
        """Whether a row is to be measured; if so, the progress shows it from now on."""
        if self.only not in name:
            return False
        self.progress.add(1, name)
        return True
