"""What a stranger wrote beside the body of an event, as bytes that any store can keep."""

import json
from collections.abc import Mapping
from typing import Any, Final

SURROGATES: Final = "surrogatepass"
"""Half a surrogate pair can be in JSON, as an escape, and has to come out again as it went in."""


def encode_details(message_id: str | None, properties: Mapping[str, Any]) -> bytes:
    """Put the message id and the application properties into one JSON object."""
    details = {"messageId": message_id, "properties": dict(properties)}
    text = json.dumps(details, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", SURROGATES)


def decode_details(details: bytes) -> tuple[str | None, dict[str, Any]]:
    """Take back what `encode_details` made. Raises KeyError or ValueError when it is none."""
    content = json.loads(details.decode("utf-8", SURROGATES))
    return content["messageId"], content["properties"]
