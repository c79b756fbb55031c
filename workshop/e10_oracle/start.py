"""The oracle: looks at what can be seen after a sale, and says whether a promise is broken.

Buyers buy at the same time, each one piece; a process may die at any point. You are shown the end:
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """What a tester can see."""

    stock: int
    """Pieces on the shelf before the sale."""
    left: int
    """Pieces on the shelf afterwards, as the database says."""
    sales: tuple[str, ...]
    """The buyers in the ledger, one for each piece sold."""
    told: dict[str, str | None]
    """What each buyer was told: "sold", "sold out", or None for no answer at all."""


def oracle(seen: Seen) -> str | None:
    """Say what is broken, or None. It must not complain about a program that is right."""
    if seen.left < 0:
        return "more sold than there was"
    return None
