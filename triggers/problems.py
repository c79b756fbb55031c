"""Every answer that is not a success, as problem details (RFC 9457).

One table says which error becomes which status. `type` is a relative address that never changes;
the OpenAPI document explains each.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import azure.functions as func

from store.port import StoreError
from todos.wire import FieldError, Invalid
from triggers.intake import NotAccepted, Overloaded, Reason

MEDIA_TYPE: Final = "application/problem+json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: what a client program decides by."""

    type: str
    status: int
    title: str
    retry_after_seconds: int | None = None

    @property
    def name(self) -> str:
        """The last part of `type`."""
        return self.type.rpartition("/")[2]


INVALID = Kind("/problems/invalid-request", 400, "The request is invalid")
NOT_FOUND = Kind("/problems/not-found", 404, "There is no such thing")
TOO_LARGE = Kind("/problems/body-too-large", 413, "The body is too large")
NOT_JSON = Kind("/problems/not-json", 415, "The body is not declared to be JSON")
KEY_REUSED = Kind(
    "/problems/idempotency-key-reused", 422, "The request id was used before, with another title"
)
PROJECT_FULL = Kind("/problems/project-full", 422, "The project has given out its last id")
OVERLOADED = Kind("/problems/overloaded", 429, "Too many requests are waiting", 1)
FAILED = Kind("/problems/internal-error", 500, "The service failed")
NOT_ACCEPTED = Kind("/problems/not-accepted", 503, "The request was not accepted", 2)
STORE_DOWN = Kind("/problems/store-unavailable", 503, "The store does not answer", 2)
UNHEALTHY = Kind("/problems/unhealthy", 503, "Something the service needs does not answer", 2)

KINDS: Final = (
    *(INVALID, NOT_FOUND, TOO_LARGE, NOT_JSON, KEY_REUSED, PROJECT_FULL),
    *(OVERLOADED, FAILED, NOT_ACCEPTED, STORE_DOWN, UNHEALTHY),
)
"""All of them; the OpenAPI document lists the same."""


class Problem(Exception):
    """Ends the handling of a request with this answer."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """Say in `detail` what to do about it; `members` are further fields of the answer."""
        super().__init__(kind.title, detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.members = members or {}


TABLE: Final[Mapping[type[Exception], tuple[Kind, str]]] = {
    Invalid: (INVALID, "Nothing was stored. Correct what `errors` lists."),
    Overloaded: (OVERLOADED, "Nothing was stored. Repeat it later, with the same request id."),
    NotAccepted: (
        NOT_ACCEPTED,
        "It may or may not have been stored. Repeat it with the same request id: that is safe.",
    ),
    StoreError: (STORE_DOWN, "Repeat the request later."),
    Exception: (
        FAILED,
        "The failure was logged. Repeating the request with the same request id is safe.",
    ),
}
"""First match counts."""

REFUSALS: Final[Mapping[Reason, tuple[Kind, str]]] = {
    Reason.OTHER_CONTENT: (
        KEY_REUSED,
        "Nothing was stored. A request id stands for one title in its project, for ever.",
    ),
    Reason.PROJECT_FULL: (PROJECT_FULL, "Nothing was stored. Use another project."),
}


def refused(reason: Reason) -> Problem:
    """Translate a refusal of the intake."""
    return Problem(*REFUSALS[reason])


def problem_of(error: Exception) -> Problem:
    """Translate any error; one that nobody foresaw says nothing about our insides."""
    if isinstance(error, Problem):
        return error
    kind, detail = next(entry for cause, entry in TABLE.items() if isinstance(error, cause))
    return Problem(kind, detail, error.errors if isinstance(error, Invalid) else ())


def answer(error: Exception, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """Make the response to a request that ended with `error`, and log what is not its fault."""
    problem = problem_of(error)
    kind = problem.kind
    if kind is FAILED:
        log.error("request_failed", exc_info=error)
    elif kind.retry_after_seconds is not None:
        log.warning("request_turned_away kind=%s", kind.type, exc_info=error.__cause__ or error)
    return func.HttpResponse(
        json.dumps(_body(problem)),
        status_code=kind.status,
        mimetype=MEDIA_TYPE,
        headers=_headers(kind) | dict(headers or {}),
    )


def errors_json(errors: tuple[FieldError, ...]) -> list[dict[str, str]]:
    """Make the member `errors`: where, and what is wrong there."""
    return [{"pointer": each.pointer, "detail": each.detail} for each in errors]


def _body(problem: Problem) -> dict[str, Any]:
    kind = problem.kind
    body: dict[str, Any] = {"type": kind.type, "title": kind.title, "status": kind.status}
    body["detail"] = problem.detail
    if problem.errors:
        body["errors"] = errors_json(problem.errors)
    return body | dict(problem.members)


def _headers(kind: Kind) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if kind.retry_after_seconds is not None:
        headers["Retry-After"] = str(kind.retry_after_seconds)
    return headers
