"""Every answer that is not a success, as problem details (RFC 9457).

One table says which error becomes which status.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

import azure.functions as func

from domain.domain import AnyDomain
from domain.invalid import FieldError, Invalid
from intake.accept import NotStored, Reason
from intake.admission import Overloaded
from store.ports.records import StoreError, Unreadable, Unusable
from triggers.http import kinds
from triggers.http.kinds import Kind

MEDIA_TYPE: Final = "application/problem+json"

log = logging.getLogger(__name__)


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
    Invalid: (kinds.INVALID, "Nothing was stored. Correct what `errors` lists."),
    Overloaded: (
        kinds.OVERLOADED,
        "Nothing was stored. Repeat it later, with the same request id.",
    ),
    Unreadable: (kinds.STORE_DOWN, "Rows are damaged, or of a newer release; operators are told."),
    Unusable: (
        kinds.STORE_UNUSABLE,
        "Nothing can be read or stored until then; GET /api/health says what is wrong.",
    ),
    StoreError: (kinds.STORE_DOWN, "Repeat the request later."),
    Exception: (
        kinds.FAILED,
        "The failure was logged. Repeating the request with the same request id is safe.",
    ),
}
"""First match counts."""

ERASED_DETAIL: Final = "What the request id stood for was erased. It is never given out again."


def reused(domain: AnyDomain, reason: Reason) -> Problem:
    """Translate why the intake refused."""
    if reason is Reason.ERASED:
        return erased()
    detail = f"Nothing was stored. A request id stands for one {domain.name} of its {domain.key.singular}, for ever."
    return Problem(kinds.key_reused(domain), detail)


def erased() -> Problem:
    """The content is gone, for good."""
    return Problem(kinds.ERASED, ERASED_DETAIL)


def not_stored(outcome: NotStored) -> Problem:
    """It may be stored, unless the store is unusable, and nothing was promised."""
    if outcome.unusable:
        return Problem(*TABLE[Unusable])
    if outcome.unreadable:
        detail = (
            "Rows are damaged, or of a newer release; operators are told. It may or may not have"
            " been stored. Repeat it later with the same request id: that is safe."
        )
    else:
        detail = (
            "It may or may not have been stored. Repeat it with the same request id: that is safe."
        )
    return Problem(kinds.NOT_ACCEPTED, detail)


def failed_fold(domain: AnyDomain, reason: str) -> Problem:
    """The request is a dead letter. Its reason is shown only when it is called the request's."""
    kept = "It is kept as a dead letter, and can be done when the function is mended."
    detail = f"{kept} {reason}" if domain.fold_failure < kinds.FAILED.status else kept
    return Problem(kinds.fold_failed(domain), detail)


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
    if kind is kinds.FAILED:
        log.error("internal_error", exc_info=error)
    elif kind.retry_after_seconds is not None:
        log.warning("turned_away kind=%s", kind.name, exc_info=error.__cause__)
    return func.HttpResponse(
        json.dumps(body_of(problem)),
        status_code=kind.status,
        mimetype=MEDIA_TYPE,
        headers=_headers(kind) | dict(headers or {}),
    )


def errors_json(errors: tuple[FieldError, ...]) -> list[dict[str, str]]:
    """Make the member `errors`: where, and what is wrong there."""
    return [{"pointer": each.pointer, "detail": each.detail} for each in errors]


def body_of(problem: Problem) -> dict[str, Any]:
    """Make the JSON of a problem."""
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
