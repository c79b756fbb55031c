"""What every shape can do."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from domain.invalid import Findings


class Misfit(Exception):
    """A value of the domain function is not what its annotation says. Says where and why."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """What `read` returns for a value that it has found an error in."""


NOTHING: Final = Nothing()


class Shape(Protocol):
    """One annotation."""

    def read(self, value: Any, at: str, findings: Findings) -> Any:
        """Return the domain's value, or `NOTHING` after adding what is wrong to `findings`."""

    def write(self, value: Any, at: str) -> Any:
        """Return the value as JSON. Raises Misfit when it is not what the annotation says."""

    def schema(self, *, asked: bool) -> dict[str, Any]:
        """Return the JSON Schema of what is accepted from clients (`asked`), or of what is kept."""
