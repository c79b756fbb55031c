"""Dead letters as JSON, and back."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from store.ports.deadletters import DeadLetter, Name, Summary


def encode_letter(letter: DeadLetter) -> dict[str, Any]:
    """Put a dead letter into JSON."""
    summary = letter.summary
    return {
        "name": str(summary.name),
        "code": summary.code,
        "reason": summary.reason,
        "requestId": summary.request_id,
        "enqueuedAt": summary.enqueued_at.isoformat() if summary.enqueued_at else None,
        "storedAt": summary.stored_at.isoformat(),
        "bodyBytes": summary.body_bytes,
        "messageId": letter.message_id,
        "properties": dict(letter.properties),
        "body": base64.b64encode(letter.body).decode(),
    }


def decode_letter(content: Mapping[str, Any]) -> DeadLetter:
    """Take back what `encode_letter` made. Raises LookupError, TypeError and ValueError."""
    enqueued = content["enqueuedAt"]
    summary = Summary(
        name=Name.parse(content["name"]),
        code=_text(content["code"]),
        reason=_text(content["reason"]),
        request_id=None if content["requestId"] is None else _text(content["requestId"]),
        enqueued_at=datetime.fromisoformat(enqueued) if enqueued else None,
        stored_at=datetime.fromisoformat(content["storedAt"]),
        body_bytes=int(content["bodyBytes"]),
    )
    message_id = None if content["messageId"] is None else _text(content["messageId"])
    body = base64.b64decode(content["body"])
    return DeadLetter(summary, message_id, dict(content["properties"]), body)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
