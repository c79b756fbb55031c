"""Lines that a machine reads back exactly: `event key=value key=value`.

Numbers stand as they are; everything else is JSON in ASCII, so that no request id, whatever it
holds, can end a line, end its value or look like another field. Fields with text that strangers
choose come last, so that a pattern anchored at the beginning finds the numbers before them.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Final

IDS_CHARACTERS_MAX: Final = 16_000
"""Request ids in one line, as JSON; more make a further line. Application Insights cuts a message
off at 32,768 characters, and half a list could not be read back."""

PLAIN: Final = (int, float, str)

OF_A_SERVICE: Final = "is_of_a_service"
"""Attribute of exceptions that say all there is to know: a store, a hub or an account failed."""

Field = int | float | str | Sequence[str]

_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def write(
    log: logging.Logger,
    level: int,
    event: str,
    error: BaseException | None = None,
    **fields: Field,
) -> None:
    """Write one line, if anybody listens.

    A failure of a service is a field, `cause`: where the app noticed it says nothing, and when a
    disk is full or an account is down, a traceback for each call would be most of what is written.
    Any other `error` may be a bug and brings its traceback.

    The event and all plain fields are `fields` of the record as well; exported, they are custom
    dimensions. Lists are in the text only: as a dimension they would be cut off.
    """
    if log.isEnabledFor(level):
        plain = {name: each for name, each in fields.items() if isinstance(each, PLAIN)}
        if getattr(error, OF_A_SERVICE, False):
            plain["cause"], error = repr(error), None
            fields = {**plain, **fields}  # lists come last
        extra = {"fields": {"event": event, **plain}}
        log.log(level, "%s", _Line(event, fields), exc_info=error, extra=extra)


class _Line:
    """Rendered when a handler asks, and once."""

    __slots__ = ("_event", "_fields", "_text")

    def __init__(self, event: str, fields: dict[str, Field]) -> None:
        self._event, self._fields = event, fields
        self._text: str | None = None

    def __str__(self) -> str:
        if self._text is None:
            self._text = render(self._event, self._fields)
        return self._text


def render(event: str, fields: dict[str, Field]) -> str:
    """Put an event and its fields into a line."""
    return " ".join([event, *[f"{name}={_json(value)}" for name, value in fields.items()]])


def pieces(request_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut request ids into what one line takes; each is at most 255 characters."""
    first = size = 0
    for place, request_id in enumerate(request_ids):
        size += len(_json(request_id)) + 1
        if size > IDS_CHARACTERS_MAX:
            yield request_ids[first:place]
            first, size = place, len(_json(request_id)) + 1
    yield request_ids[first:]
