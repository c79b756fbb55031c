"""What is the same for all domains: parameters, headers, answers, schemas."""

from typing import Any, Final

from domain.addresses import CHARACTERS_MAX, CLIENT_PATTERN, PATTERN
from domain.invalid import ERRORS_MAX
from domain.sizes import PLACE_MAX
from triggers.http import kinds
from triggers.http.openapi.parts import problem, ref, schema
from triggers.http.parameters import LIMIT_DEFAULT, LIMIT_MAX
from triggers.http.preferences import WAIT_SECONDS_DEFAULT, WAIT_SECONDS_MAX

KEY_EXAMPLE: Final = "3f1d6a0c-order-17"


def parameters() -> dict[str, Any]:
    """Return the parameters of several calls."""
    prefer = (
        "RFC 7240. `wait=N`: answer 202 when the entry is not there after N seconds, 0 to"
        f" {WAIT_SECONDS_MAX}, {WAIT_SECONDS_DEFAULT} by default; more is {WAIT_SECONDS_MAX}."
        " `respond-async` alone: do not wait. What is malformed or unknown is ignored."
    )
    key = (
        "The request id, plain or as a quoted string. When there is none, one is made up and"
        " returned. Visible ASCII without `/ \\ ? # %`, and not `.` or `..`; ids that begin with"
        " `event:` are kept for events."
    )
    return {
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": key,
            "schema": {"type": "string", "pattern": _key_pattern(), "examples": [KEY_EXAMPLE]},
        },
        "Prefer": {
            "name": "Prefer",
            "in": "header",
            "description": prefer,
            "schema": {"type": "string"},
            "examples": {"async": {"value": "respond-async"}, "wait": {"value": "wait=10"}},
        },
        "After": {
            "name": "after",
            "in": "query",
            "description": "Only entries with a greater place.",
            "schema": {"type": "integer", "minimum": 0, "maximum": PLACE_MAX, "default": 0},
        },
        "Limit": {
            "name": "limit",
            "in": "query",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": LIMIT_MAX,
                "default": LIMIT_DEFAULT,
            },
        },
    }


def _key_pattern() -> str:
    """Plain, and then it does not begin with a quotation mark; or quoted."""
    plain = CLIENT_PATTERN.replace("^", '^(?!")', 1)
    quoted = r'^"(?!event:)(?!\.{1,2}"$)(?:[!$&-.0->@-\[\]-~]|\\"){1,255}"$'
    return f"{plain}|{quoted}"


def headers() -> dict[str, Any]:
    """Return the headers of answers."""
    return {
        "IdempotencyKey": {
            "description": "The request id, on answers to POST: send it to repeat the request.",
            "schema": {"type": "string"},
        },
        "IdempotencyReplayed": {
            "description": "The entry was there before this request came.",
            "schema": {"const": "true"},
        },
        "PreferenceApplied": {
            "description": "What was made of `Prefer`.",
            "schema": {"type": "string"},
        },
        "RetryAfter": {
            "description": "Seconds to wait before asking again.",
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
        },
        "Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}},
    }


def responses() -> dict[str, Any]:
    """Return the answers that are no success and do not depend on a domain."""
    later = {"Retry-After": ref("headers", "RetryAfter")}
    return {
        "Invalid": _told(
            (kinds.INVALID,),
            "Nothing was stored, and never will be of this. `errors` says what is wrong where:"
            " `#/title` and `#/3/title` point into the body, `header:Idempotency-Key`,"
            " `query:limit` and `path:id` name a parameter.",
        ),
        "Unauthorized": {
            "description": "No valid function key. Comes from the platform, without a body."
        },
        "NotFound": _told((kinds.NOT_FOUND,), "It does not exist (yet)."),
        "Erased": _told((kinds.ERASED,), "It was there, and its content was erased for good."),
        "TooLarge": _told((kinds.TOO_LARGE,), "Nothing was stored."),
        "NotJson": _told(
            (kinds.NOT_JSON,),
            "The Content-Type is not application/json in UTF-8, or there is a Content-Encoding."
            " Nothing was stored.",
        ),
        "Overloaded": {
            **_told((kinds.OVERLOADED,), "Nothing was stored. Repeat it later, same request id."),
            "headers": later,
        },
        "Failed": _told(
            (kinds.FAILED,), "A fault of the service. Repeating with the same request id is safe."
        ),
        "Unavailable": {
            **_told(
                (kinds.NOT_ACCEPTED, kinds.STORE_DOWN, kinds.STORE_UNUSABLE, kinds.UNHEALTHY),
                "Not accepted: the request may or may not have been stored; repeat it with the"
                " same request id. Unusable: repeating does not help until an operator has acted."
                " Unhealthy: `parts` says what is wrong.",
            ),
            "headers": later,
        },
    }


def _told(told: tuple[kinds.Kind, ...], detail: str) -> dict[str, Any]:
    types = ", ".join(f"`{each.type}`" for each in told)
    return {"description": f"{types}. {detail}", "content": problem()}


def shared_schemas() -> dict[str, Any]:
    """Return the schemas that do not depend on a domain."""
    address = {"type": "string", "minLength": 1, "maxLength": CHARACTERS_MAX}
    example = {"examples": [KEY_EXAMPLE]}
    return {
        "Place": {"type": "integer", "minimum": 1, "maximum": PLACE_MAX},
        "RequestId": {
            **address,
            "description": "Visible ASCII without `/ \\ ? # %`, and not `.` or `..`.",
            "pattern": PATTERN,
            **example,
        },
        "ClientRequestId": {
            **address,
            "description": "A request id that a client may choose: none that begins with `event:`.",
            "pattern": CLIENT_PATTERN,
            **example,
        },
        "Step": {
            "type": "object",
            "properties": {
                "step": {"enum": ["accepted", "ordered", "logged", "published", "dead"]},
                "done": {
                    "type": ["boolean", "null"],
                    "description": "null: not known, or not done by this app.",
                },
                "at": {"type": ["string", "null"], "format": "date-time"},
                "detail": {"type": "string", "description": "Why there is no time."},
            },
            "required": ["step", "done", "at"],
        },
        "Refusal": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "detail": {"type": "string"}},
            "required": ["code", "detail"],
        },
        "Errors": {
            "type": "array",
            "minItems": 1,
            "maxItems": ERRORS_MAX,
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["pointer", "detail"],
            },
        },
        "Problem": {
            "type": "object",
            "properties": {
                "type": {"type": "string", "pattern": "^/problems/[a-z0-9-]+$"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": schema("Errors"),
                "parts": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["type", "title", "status", "detail"],
        },
    }
