"""A dead letter within its limits, and what a stranger wrote beside its body as bytes.

A transaction of Table Storage takes 4 MiB: whatever an event holds, its dead letter must fit, or it
would be delivered again without end.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from store.ports.deadletters import (
    BODY_BYTES_MAX,
    PROPERTIES_BYTES_MAX,
    TEXT_CHARACTERS_MAX,
    DeadLetter,
    Summary,
)

SURROGATES: Final = "surrogatepass"
"""Half a surrogate pair can be in JSON, as an escape, and has to come out again as it went in."""


def bounded(letter: DeadLetter) -> DeadLetter:
    """Cut what is too long; leave out the properties that do not fit with those before them."""
    summary = replace(
        letter.summary, code=_text(letter.summary.code), reason=_text(letter.summary.reason)
    )
    message_id = letter.message_id and letter.message_id[:TEXT_CHARACTERS_MAX]
    properties = _fitting(letter.properties)
    return DeadLetter(summary, message_id, properties, letter.body[:BODY_BYTES_MAX])


def encode_details(letter: DeadLetter) -> bytes:
    """Put the message id and the application properties into one JSON object."""
    return _dump({"messageId": letter.message_id, "properties": dict(letter.properties)})


def decode_details(summary: Summary, details: bytes, body: bytes) -> DeadLetter:
    """Take back what `encode_details` made. Raises KeyError or ValueError when it is none."""
    content = json.loads(details.decode("utf-8", SURROGATES))
    return DeadLetter(summary, content["messageId"], content["properties"], body)


def _text(text: str) -> str:
    """Columns of text hold whole characters only."""
    return text[:TEXT_CHARACTERS_MAX].encode("utf-8", "backslashreplace").decode()


def _fitting(properties: Mapping[str, Any]) -> dict[str, Any]:
    fitting: dict[str, Any] = {}
    room = PROPERTIES_BYTES_MAX
    for name, value in properties.items():
        kept = name[:TEXT_CHARACTERS_MAX]
        size = len(_dump({kept: value}))
        if size <= room and kept not in fitting:
            fitting[kept] = value
            room -= size
    return fitting


def _dump(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", SURROGATES)
