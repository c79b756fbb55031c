"""The kinds of answers that are no success: what a client program decides by."""

from dataclasses import dataclass
from typing import Final

from domain.domain import AnyDomain
from domain.names import listed, words

FIELDS_NAMED_MAX: Final = 3
"""Fields of a request that a text names; of more it says `other content`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem (RFC 9457)."""

    name: str
    status: int
    title: str
    retry_after_seconds: int | None = None

    @property
    def type(self) -> str:
        """A relative address that never changes; the OpenAPI document explains each."""
        return f"/problems/{self.name}"


INVALID = Kind("invalid-request", 400, "The request is invalid")
NOT_FOUND = Kind("not-found", 404, "There is no such thing")
ERASED = Kind("erased", 410, "The content was erased")
TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
NOT_JSON = Kind("not-json", 415, "The body is not declared to be plain JSON")
OVERLOADED = Kind("overloaded", 429, "Too many requests are waiting", 1)
FAILED = Kind("internal-error", 500, "The service failed")
NOT_ACCEPTED = Kind("not-accepted", 503, "The request was not accepted", 2)
STORE_DOWN = Kind("store-unavailable", 503, "The store does not answer", 2)
STORE_UNUSABLE = Kind("store-unusable", 503, "An operator must act: the store cannot be used", 60)
UNHEALTHY = Kind("unhealthy", 503, "Something the service needs does not work", 2)

SHARED: Final = (
    *(INVALID, NOT_FOUND, ERASED, TOO_LARGE, NOT_JSON),
    *(OVERLOADED, FAILED, NOT_ACCEPTED, STORE_DOWN, STORE_UNUSABLE, UNHEALTHY),
)
"""Those that do not depend on a domain."""


def key_reused(domain: AnyDomain) -> Kind:
    """The request id stands for something else: `with another title`."""
    title = f"The request id was used before, with {another(domain)}"
    return Kind("idempotency-key-reused", 422, title)


def fold_failed(domain: AnyDomain) -> Kind:
    """The domain function fails on the request, whoever is at fault by its declaration."""
    title = f"No {words(domain.name)} can be made of the request"
    return Kind("fold-failed", domain.fold_failure, title)


def refused(domain: AnyDomain, code: str) -> Kind:
    """The domain function has refused; the refusal has its place in the log."""
    return Kind(code, 409, f"The {words(domain.name)} was refused: {code.replace('-', ' ')}")


def another(domain: AnyDomain) -> str:
    """Say what differs in another request: `another title`, `another year, cents or currency`."""
    names = [words(each.field) for each in domain.newest.request.members]
    if 0 < len(names) <= FIELDS_NAMED_MAX:
        return f"another {listed(names, 'or')}"
    return "other content"
