"""A request that was checked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """(`key`, `id`) names it for ever."""

    key: str
    """Of the project, customer, … that it belongs to: canonical text (`Key.text`)."""
    id: str
    """Request id, 1 to 255 characters of the grammar of `domain.addresses`; compared as it is."""
    payload: str
    """Canonical JSON of what was asked, an object. At most `domain.sizes` allows."""
