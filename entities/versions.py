"""Versions of what the task hub keeps for us: the state of the entity, and messages.

During a deployment, and after a roll-back, one release reads what another wrote. Each says in
`v` by which version it was written; what has no `v` is of version 0, from before there were any.
A reader takes every version up to its own, and fields that it does not know; a newer version it
refuses, because guessing could number a request wrongly and refusing costs seconds: the inbox has
the requests and the log has the ids. So a field that may be forgotten can be added as it is, and
everything else needs a new version, with files beside `tests/golden/messages`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

FIELD: Final = "v"

STATE_VERSION: Final = 1
"""Of the state that `entities.project` writes."""

MESSAGE_VERSION: Final = 1
"""Of signals, of the input of orchestrations, and of input and answer of activities. Version 0 of
those that carry a list was the list alone."""


class UnknownVersion(ValueError):
    """A newer release wrote it, or it is none of ours."""


def message(**fields: Any) -> dict[str, Any]:
    """Put fields into a message of the present version."""
    return {FIELD: MESSAGE_VERSION, **fields}


def fields_of(body: Any, version_max: int = MESSAGE_VERSION) -> Mapping[str, Any]:
    """Return the fields of any version up to `version_max`.

    Raises UnknownVersion for others, and what a mapping raises for what is none.
    """
    version = body.get(FIELD, 0)
    if type(version) is not int or not 0 <= version <= version_max:
        raise UnknownVersion(f"version {version!r}; this release reads up to {version_max}")
    fields: Mapping[str, Any] = body
    return fields


def items_of(body: Any, name: str) -> Sequence[Any]:
    """Return the list that a message carries under `name`. Raises as `fields_of` does."""
    items: Sequence[Any] = body if isinstance(body, list) else fields_of(body)[name]
    return items
