"""Pieces of the document that occur again and again."""

from typing import Any, Final

RESPONSES: Final = {
    400: "Invalid",
    401: "Unauthorized",
    404: "NotFound",
    410: "Erased",
    413: "TooLarge",
    415: "NotJson",
    429: "Overloaded",
    500: "Failed",
    503: "Unavailable",
}
"""The answers that are the same for all domains, by status."""


def ref(kind: str, name: str) -> dict[str, str]:
    """Refer to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema(name: str) -> dict[str, str]:
    """Refer to a schema."""
    return ref("schemas", name)


def answers(*statuses: int) -> dict[str, Any]:
    """List shared answers."""
    return {str(each): ref("responses", RESPONSES[each]) for each in statuses}


def content(of: dict[str, Any]) -> dict[str, Any]:
    """JSON of a schema."""
    return {"application/json": {"schema": of}}


def problem() -> dict[str, Any]:
    """A problem of RFC 9457."""
    return {"application/problem+json": {"schema": schema("Problem")}}


def record(properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these members."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """An object with no other member than these."""
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
